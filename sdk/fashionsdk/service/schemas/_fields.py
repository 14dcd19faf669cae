"""Fields that may come as JSON, or as text in a form: ``by=neckline=0.7`` beside ``{"by": {"neckline": 0.7}}``."""

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from fashionsdk._tools import strict_json

KEY_CHARACTERS = 1000
PLAIN = r"^[^\x00-\x1f\x7f]*$"  # no line breaks and the like: a path cannot name them, and databases refuse some
MOST_WEIGHT = 1e6  # sums of scores are float32, which end at 3e38
MOST_LEVELS = 32  # of metadata: what is nested deeper could be stored, but not be answered


class Question(BaseModel):
    """What all requests are: no field but those that are known, no NaN."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


def _texts(value: Any) -> Any:
    """Return one text as a list of it."""
    return [value] if isinstance(value, str) else value


def _weights(value: Any) -> Any:
    """Read ``NAME[=WEIGHT]``, one or a list, as weights by name."""
    texts = _texts(value)
    if not _all_texts(texts):
        return value
    pairs = [_weight(text) for text in texts]
    return _once(pairs)


def _weight(text: str) -> tuple[str, Any]:
    name, equals, weight = text.rpartition("=")
    return (name, weight) if equals else (text, 1.0)


def _assigned(value: Any) -> Any:
    """Read ``NAME=VALUE``, one or a list, as values by name."""
    texts = _texts(value)
    if not _all_texts(texts):
        return value
    pairs = [text.partition("=")[::2] for text in texts]
    if not all(name and given for name, given in pairs):
        raise ValueError("expected NAME=VALUE, such as neckline=v")
    return _once(pairs)


def _numbers(value: Any) -> Any:
    """Read numbers with commas between them."""
    return value.split(",") if isinstance(value, str) else value


def _object(value: Any) -> Any:
    """Read the text of a JSON object."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value)
    except ValueError:
        raise ValueError("expected a JSON object") from None


def _storable(value: Any, levels: int = MOST_LEVELS) -> Any:
    """Check that text in metadata is Unicode, and that they are not nested too deeply."""
    if isinstance(value, str):
        _check_unicode(value)
    elif isinstance(value, (dict, list)):
        if not levels:
            raise ValueError(f"expected up to {MOST_LEVELS} levels of lists and objects")
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            _storable(part, levels - 1)
    return value


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("expected Unicode text; it has half a surrogate pair") from None


def _once(pairs: Any) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{repeated[0]!r} is named twice; expected each attribute once")
    return dict(pairs)


def _all_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


Key: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=KEY_CHARACTERS)]
NewKey: TypeAlias = Annotated[Key, StringConstraints(pattern=PLAIN)]
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Names: TypeAlias = Annotated[list[Name], BeforeValidator(_texts), Field(max_length=1000)]
Keys: TypeAlias = Annotated[list[Key], BeforeValidator(_texts), Field(max_length=10_000)]
Weight: TypeAlias = Annotated[float, Field(ge=-MOST_WEIGHT, le=MOST_WEIGHT)]
Weights: TypeAlias = Annotated[dict[Name, Weight], BeforeValidator(_weights), Field(min_length=1, max_length=1000)]
Values: TypeAlias = Annotated[dict[Name, Name], BeforeValidator(_assigned), Field(min_length=1, max_length=1000)]
Box: TypeAlias = Annotated[tuple[float, float, float, float], BeforeValidator(_numbers)]
Metadata: TypeAlias = Annotated[dict[str, Any], BeforeValidator(_object), AfterValidator(_storable)]
Photo: TypeAlias = Annotated[
    str, StringConstraints(min_length=1), Field(description="the file in base64, or the name of its part in a form")
]
