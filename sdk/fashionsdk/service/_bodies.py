"""Reads a request's body, JSON or a form, within the limits, into the fields and photos that it holds."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from fashionsdk._tools import strict_json
from fashionsdk.service._problems import Problem
from fashionsdk.service._settings import Limits
from fashionsdk.service.guards import HeldBytes, Share

FORM, JSON = "multipart/form-data", "application/json"
MOST_FIELDS = 1000
FIELD_BYTES = 1_000_000  # of a form's field that is no file
EPILOGUE_BYTES = 100  # after a form's end
MOST_VALUES = 200_000  # of JSON; a change of a thousand items with fifty fields each has 50,000
MOST_SAID = 20  # mistakes that a caller hears of

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Body:
    """What a request says: its fields, and its files by the name of their part."""

    fields: Mapping[str, Any]
    files: Mapping[str, bytes]

    def parsed(self, model: type[M]) -> M:
        """Return the fields as a model.

        Raises:
            Problem: a field is missing, unknown or out of its range; it says which.
        """
        try:
            return model.model_validate(self.fields)
        except ValidationError as error:
            raise Problem("invalid", "some fields are not as expected", errors=_said(error)) from error

    def photo(self, name: str) -> bytes:
        """Return the file of a photo: a part of the form, or what base64 stands for.

        Raises:
            Problem: there is no such part, or this is no base64.
        """
        if name in self.files:
            return self.files[name]
        if self.files:
            names = ", ".join(repr(each[:60]) for each in self.files)
            raise Problem("invalid", f"there is no file named {name[:60]!r}; expected one of {names}")
        try:
            return base64.b64decode(name, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Problem("invalid", "photo is neither base64 nor a file of a form") from error


@asynccontextmanager
async def read_body(request: Request, limits: Limits, held: HeldBytes) -> AsyncIterator[Body]:
    """Yield what a request says, and hold its bytes within the block.

    Raises:
        Problem: it is too large, too slow, of another kind, or damaged.
    """
    async with read_bytes(request, limits, held) as body:
        yield await _parsed(request.headers, body, limits)


@asynccontextmanager
async def read_bytes(request: Request, limits: Limits, held: HeldBytes) -> AsyncIterator[bytes]:
    """Yield a request's body, and hold its bytes within the block.

    Raises:
        Problem: it is too large, too slow, or ends too early.
    """
    most = _most_bytes(request.headers, limits, held)
    with held.share() as share:
        yield await _in_time(request, most, limits.body_seconds, share)


def _most_bytes(headers: Headers, limits: Limits, held: HeldBytes) -> int:
    """Return the most bytes that a body may have: those that it declares, if they are not too many."""
    text = headers.get("content-length")
    if text is None:
        return limits.body_bytes
    length = int(text) if text.isascii() and text.isdigit() else -1
    if length < 0:
        raise Problem("bad-request", "Content-Length is no number")
    if length > limits.body_bytes:
        raise Problem("too-large", f"the body has {length} bytes; expected up to {limits.body_bytes}")
    held.check(length)  # rather now than after the half of it
    return length


async def _in_time(request: Request, most: int, seconds: float, share: Share) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await _received(request, most, share)
    except TimeoutError as error:
        raise Problem("timeout", f"expected the whole body within {seconds:g} seconds") from error
    except ClientDisconnect as error:
        raise Problem("bad-request", "the body ends too early") from error


async def _received(request: Request, most: int, share: Share) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > most:
            raise Problem("too-large", f"the body has more than {most} bytes")
        share.take(len(chunk))
        body += chunk
    return bytes(body)


async def _parsed(headers: Headers, body: bytes, limits: Limits) -> Body:
    kind = _kind(headers)
    if kind == JSON:
        return Body(json_object(body, "the body"), {})
    if kind == FORM:
        return await _form(headers, body, limits)
    raise Problem("media-type", f"the content type is {kind[:60]!r}; expected {JSON} or {FORM}")


def is_form(headers: Headers) -> bool:
    """Tell whether a body is a form, which holds photos."""
    return _kind(headers) == FORM


def _kind(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def json_object(data: bytes, name: str) -> dict[str, Any]:
    """Return what JSON says; ``name`` is of what it is.

    Raises:
        Problem: it is no JSON object, or has too many values.
    """
    if len(data) > MOST_VALUES and sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise Problem("too-large", f"{name} has more than {MOST_VALUES} values")  # each takes many times its bytes
    try:
        found = strict_json.loads(data)
    except ValueError as error:
        raise Problem("bad-request", f"{name} is no JSON") from error
    if not isinstance(found, dict):
        raise Problem("bad-request", f"{name} is {type(found).__name__}; expected a JSON object")
    return found


async def _form(headers: Headers, body: bytes, limits: Limits) -> Body:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    _check_form(headers["content-type"], body)
    parser = MultiPartParser(
        headers,
        stream(),  # type: ignore[arg-type]  # any asynchronous iterator will do
        max_files=limits.photos,
        max_fields=MOST_FIELDS,
        max_part_size=FIELD_BYTES,
    )
    parser.spool_max_size = limits.body_bytes + 1  # nothing goes to disk
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem("bad-request", f"the form cannot be read: {error.message}") from error
    except (KeyError, ValueError, AssertionError) as error:  # what the parser says of damaged heads
        raise Problem("bad-request", "the form cannot be read") from error
    try:
        return await _fields_and_files(form.multi_items())
    finally:
        await form.close()


def _check_form(content_type: str, body: bytes) -> None:
    """Check what the parser does not: that the form has an end, and that its fields are UTF-8.

    Some codecs take minutes for a field, and fields are decoded one by one.
    """
    _, options = parse_options_header(content_type)
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise Problem("media-type", "the form has another charset; expected utf-8")
    end = b"--" + options.get(b"boundary", b"") + b"--"
    if end not in body[-len(end) - EPILOGUE_BYTES :]:
        raise Problem("bad-request", "the form has no end; expected the boundary that the content type names")


async def _fields_and_files(items: list[tuple[str, UploadFile | str]]) -> Body:
    fields: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for name, value in items:
        if not isinstance(value, str):
            if name in files:
                raise Problem("invalid", f"two files are named {name[:60]!r}; expected a name of its own for each")
            files[name] = await value.read()
        elif name == "query":
            fields |= json_object(value.encode("utf-8", "surrogatepass"), "the field query")
        elif name in fields:
            fields[name] = [*(fields[name] if isinstance(fields[name], list) else [fields[name]]), value]
        else:
            fields[name] = value
    if "photo" in files and not {"photo", "examples", "items"} & fields.keys():
        fields["photo"] = "photo"
    return Body(fields, files)


def _said(error: ValidationError) -> list[dict[str, str]]:
    """Return where and what is wrong, without the values, which may be long."""
    said = error.errors(include_url=False, include_input=False, include_context=False)
    return [{"field": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in said[:MOST_SAID]]
