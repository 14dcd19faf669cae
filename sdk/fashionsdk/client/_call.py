"""One request to a service, whoever sends it: what is asked, how the answer is read, and whether it may be repeated."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

from fashionsdk.client._reading import read_json

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Repeat: TypeAlias = Literal["safe", "refused", "never"]
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request.

    Attributes:
        method: of HTTP.
        path: below the service's address, percent-encoded.
        read: makes the answer of a response; it also gets the request's number, for errors.
        query: parameters of the address.
        fields: a JSON object to send, or ``None``.
        files: photos to send beside the fields, by the names that these call them.
        key: under which the service gives the first answer again, or ``None``.
        repeat: ``"safe"`` if it may be sent again whatever became of it, ``"refused"`` only if it was not begun.
    """

    method: str
    path: str
    read: "Callable[[httpx.Response, str], T]"
    query: Mapping[str, str | int] = field(default_factory=dict)
    fields: Mapping[str, Any] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    key: str | None = None
    repeat: Repeat = "safe"

    def body(self) -> dict[str, Any]:
        """Return the body as arguments of `httpx.Client.build_request`.

        Raises:
            TypeError, ValueError: a field is no JSON.
        """
        if self.fields is None:
            return {}
        text = json_text(self.fields)
        if not self.files:
            return {"content": text.encode("utf-8"), "headers": {"Content-Type": JSON_TYPE}}
        files = {name: (name, data, "application/octet-stream") for name, data in self.files.items()}
        return {"data": {"query": text}, "files": files}


def reads(read: Callable[[dict[str, Any]], T]) -> "Callable[[httpx.Response, str], T]":
    """Return a reader of responses from one of JSON objects."""
    return lambda response, request_id: read_json(response, read, request_id)


def of_key(path: str, key: str) -> str:
    """Return the path of an item, whatever characters its key has.

    Raises:
        TypeError: the key is no string.
        ValueError: it is empty.
    """
    if not isinstance(key, str):
        raise TypeError(f"key is {type(key).__name__}; expected an item's key")
    if not key:
        raise ValueError("key is empty; expected an item's key")
    escaped = quote(key, safe="")
    return f"{path}/{escaped.replace('.', '%2E') if set(key) == {'.'} else escaped}"


def json_text(value: object) -> str:
    """Return a value as JSON, NumPy's numbers as plain ones.

    Raises:
        TypeError, ValueError: it is no JSON.
    """
    return json.dumps(value, allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"got {type(value).__name__}; expected JSON: text, finite numbers, true, false, None, lists, dicts")
