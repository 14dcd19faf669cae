"""Questions about photos, and to the service about itself, as calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from fashionsdk.client import _reading
from fashionsdk.client._answers import Found, ServedModel
from fashionsdk.client._call import Call, reads
from fashionsdk.client._photos import Files, Photo
from fashionsdk.search import Condition

if TYPE_CHECKING:
    from fashionsdk.embeddings import Embeddings
    from fashionsdk.values import Prediction

MOST_ANSWERS = 1000  # offset + k of a search, in any service
Weights: TypeAlias = str | Mapping[str, float]
Names: TypeAlias = str | Sequence[str] | None


@dataclass(frozen=True)
class QueryExample:
    """What answers shall be like, or with negative weights stay away from: a photo, an item or values.

    Attributes:
        photo: a photo.
        key: instead, the key of a stored item.
        value: instead, attribute -> value.
        by: attribute -> weight; one attribute's name alone has the weight 1.
    """

    photo: Photo | None = None
    key: str | None = None
    value: Mapping[str, str] | None = None
    by: Weights | None = None


class SearchOptions(TypedDict, total=False):
    """What `search` takes beside a photo."""

    key: str | None
    value: Mapping[str, str] | None
    examples: Sequence[QueryExample] | None
    by: Weights | None
    change: Mapping[str, str] | None
    k: int
    offset: int
    where: str | Condition | None
    require: Literal["any", "all"]
    least: float | None
    group_by: str | None
    exclude: str | Sequence[str] | None
    exclude_self: bool
    exclude_same: str | None
    own: str | None


def search(
    photo: Photo | None = None,
    *,
    key: str | None = None,
    value: Mapping[str, str] | None = None,
    examples: Sequence[QueryExample] | None = None,
    by: Weights | None = None,
    change: Mapping[str, str] | None = None,
    k: int = 10,
    offset: int = 0,
    where: str | Condition | None = None,
    require: Literal["any", "all"] = "any",
    least: float | None = None,
    group_by: str | None = None,
    exclude: str | Sequence[str] | None = None,
    exclude_self: bool = False,
    exclude_same: str | None = None,
    own: str | None = None,
) -> Call[Found]:
    """Ask for the items most like a photo, an item, values, or examples."""
    files = Files()
    fields = {
        "key": key,
        "value": value,
        "examples": None if examples is None else [_example(each, files) for each in examples],
        "by": _weights(by),
        "change": change,
        "k": k,
        "offset": offset,
        "where": condition_text(where),
        "require": require,
        "least": least,
        "group_by": group_by,
        "exclude": _names(exclude),
        "exclude_self": exclude_self,
        "exclude_same": exclude_same,
        "own": own,
        **({} if photo is None else files.fields(photo)),
    }
    return _question("search", fields, files, reads(_reading.found))


def next_page(call: Call[Found], found: Found) -> Call[Found] | None:
    """Return the search for the answers after these, or ``None`` where no more can follow."""
    if found.next_offset is None:
        return None
    assert call.fields is not None, "a search has fields"
    k = min(call.fields["k"], MOST_ANSWERS - found.next_offset)
    return replace(call, fields={**call.fields, "offset": found.next_offset, "k": k})


def rerank(
    photo: Photo, keys: Sequence[str], attribute: str, k: int | None, on_unknown: Literal["raise", "skip"]
) -> Call[Found]:
    """Ask for another search's results in order of one attribute."""
    files = Files()
    fields = {**files.fields(photo), "keys": _names(keys), "attribute": attribute, "k": k, "unknown": on_unknown}
    return _question("rerank", fields, files, reads(_reading.found))


def embed(photo: Photo, attributes: Names) -> "Call[Embeddings]":
    """Ask for a photo's vectors."""
    files = Files()
    fields = {**files.fields(photo), "attributes": _names(attributes)}
    return _question("embed", fields, files, reads(_reading.embeddings))


def predict(photo: Photo, attributes: Names, unknown_below: float) -> "Call[dict[str, Prediction]]":
    """Ask what a photo probably shows."""
    files = Files()
    fields = {**files.fields(photo), "attributes": _names(attributes), "unknown_below": unknown_below}
    return _question("predict", fields, files, reads(_reading.predictions))


def attention(photo: Photo, attribute: str, side: int) -> Call[bytes]:
    """Ask for the photo under the model's attention."""
    files = Files()
    fields = {**files.fields(photo), "attribute": attribute, "side": side}
    return _question("attention", fields, files, lambda response, _: response.content)


def attributes() -> Call[ServedModel]:
    """Ask what the model knows."""
    return Call("GET", "v1/attributes", reads(_reading.served_model))


def alive() -> Call[bool]:
    """Ask whether the process answers."""
    return Call("GET", "healthz", lambda *_: True, repeat="never")


def ready() -> Call[bool]:
    """Ask whether model and gallery can be used."""
    return Call("GET", "readyz", lambda *_: True, repeat="never")


def metrics() -> Call[str]:
    """Ask for counts and times."""
    return Call("GET", "metrics", lambda response, _: response.text)


def reload() -> Call[None]:
    """Ask to have the bundle read again, which takes a while, so it is not repeated without need."""
    return Call("POST", "v1/reload", lambda *_: None, repeat="refused")


def condition_text(where: str | Condition | None) -> str | None:
    """Return a condition as text.

    Raises:
        TypeError: it is none.
    """
    if where is not None and not isinstance(where, str | Condition):
        raise TypeError(f"where is {type(where).__name__}; expected text such as 'price <= 50', or a condition")
    return None if where is None else str(where)


def _question(name: str, fields: Mapping[str, Any], files: Files, read: Any) -> Call[Any]:
    given = {name: value for name, value in fields.items() if value is not None}
    return Call("POST", f"v1/{name}", read, fields=given, files=files.by_name)


def _example(example: QueryExample, files: Files) -> dict[str, Any]:
    if not isinstance(example, QueryExample):
        raise TypeError(f"an example is {type(example).__name__}; expected QueryExample")
    given = {"key": example.key, "value": example.value, "by": _weights(example.by)}
    parts = {name: value for name, value in given.items() if value is not None}
    return parts if example.photo is None else {**files.fields(example.photo), **parts}


def _weights(by: Weights | None) -> Mapping[str, float] | None:
    return {by: 1.0} if isinstance(by, str) else by


def _names(names: Names) -> list[str] | None:
    return None if names is None else [names] if isinstance(names, str) else list(names)
