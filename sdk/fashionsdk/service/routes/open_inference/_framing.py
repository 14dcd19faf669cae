"""The protocol's bodies: JSON, or JSON and the bytes of tensors after it, whose length a header tells."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response

from fashionsdk.service._bodies import JSON, json_object
from fashionsdk.service._problems import Problem
from fashionsdk.service.schemas import InferenceRequest, Inferred

LENGTH = "Inference-Header-Content-Length"
BINARY = "application/octet-stream"
COUNT = struct.Struct("<I")  # before each element of a BYTES tensor


@dataclass(frozen=True)
class Question:
    """A request, and for each of its inputs the bytes that follow the JSON, or ``None`` where JSON holds the data."""

    asked: InferenceRequest
    binary: Sequence[memoryview | None]


def read_question(headers: Headers, body: bytes) -> Question:
    """Return what a body says.

    Raises:
        Problem: it is no request of the protocol, or its parts do not fit its length.
    """
    if encoding := headers.get("content-encoding"):
        raise Problem("media-type", f"the Content-Encoding is {encoding[:40]!r}; expected a body as it is")
    length = _json_length(headers, len(body))
    try:
        asked = InferenceRequest.model_validate(json_object(body[:length], "the inference request"))
    except ValidationError as error:
        raise Problem("bad-request", f"the inference request is not as expected: {_said(error)}") from error
    return Question(asked, _binary_parts(asked, memoryview(body)[length:]))


def answer(inferred: Inferred, binary: Sequence[bytes]) -> Response:
    """Return an answer, and the bytes of its tensors after the JSON if there are any."""
    text = inferred.model_dump_json(exclude_none=True).encode()
    if not binary:
        return Response(text, media_type=JSON)
    return Response(b"".join([text, *binary]), media_type=BINARY, headers={LENGTH: str(len(text))})


def elements(data: memoryview, name: str, most: int) -> list[bytes]:
    """Return the elements of a BYTES tensor, up to one more than ``most``: the length of each stands before it.

    Raises:
        Problem: a length leads beyond the end.
    """
    found: list[bytes] = []
    place = 0
    while place < len(data) and len(found) <= most:
        begin = place + COUNT.size
        place = begin + COUNT.unpack(data[place:begin])[0] if begin <= len(data) else len(data) + 1
        if place > len(data):
            raise Problem("bad-request", f"the input {name!r} ends within an element")
        found.append(bytes(data[begin:place]))
    return found


def _json_length(headers: Headers, whole: int) -> int:
    text = headers.get(LENGTH)
    if text is None:
        return whole
    length = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not 0 <= length <= whole:
        raise Problem("bad-request", f"{LENGTH} is {text[:40]!r}; expected 0 to the body's {whole} bytes")
    return length


def _binary_parts(asked: InferenceRequest, rest: memoryview) -> list[memoryview | None]:
    parts: list[memoryview | None] = []
    for tensor in asked.inputs:
        size = tensor.parameters.binary_data_size
        if (size is None) == (tensor.data is None):
            raise Problem("bad-request", f"the input {tensor.name[:60]!r} needs either data or binary_data_size")
        if size is not None and size > len(rest):
            raise Problem(
                "bad-request", f"the input {tensor.name[:60]!r} has {size} bytes; {len(rest)} follow the JSON"
            )
        parts.append(None if size is None else rest[:size])
        rest = rest[size or 0 :]
    if len(rest):
        raise Problem("bad-request", f"{len(rest)} bytes are left after the last input")
    return parts


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
