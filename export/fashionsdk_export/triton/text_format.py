"""Protocol buffers' text format, in which Triton reads a model's configuration.

Triton's schema comes with its client, which an export does not need. The tests parse with that schema what is written
here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, Union

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Name(str):
    """The name of an enum's value, which is written without quotes."""

    __slots__ = ()


Scalar: TypeAlias = str | int | bool
Message: TypeAlias = Mapping[str, Union[Scalar, "Message", Sequence[Scalar], Sequence["Message"]]]


def to_text(message: Message) -> str:
    """Return a message: a field a line, in the order of its keys. An empty sequence is a field that is not there."""
    return "".join(f"{line}\n" for line in _lines(message))


def _lines(message: Message) -> Iterator[str]:
    for name, value in message.items():
        for each in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
            if isinstance(each, Mapping):
                yield f"{name} {{"
                yield from (f"  {line}" for line in _lines(each))
                yield "}"
            else:
                yield f"{name}: {_scalar(each)}"


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Name, int)):
        return str(value)
    escaped = value.replace("\\", r"\\").replace('"', r"\"")
    return '"' + _CONTROL.sub(lambda match: f"\\{ord(match[0]):03o}", escaped) + '"'
