"""Writes that are run once, however often their caller sends them: those with an ``Idempotency-Key``."""

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.responses import Response

from fashionsdk.service._bodies import JSON, Body
from fashionsdk.service._problems import Problem
from fashionsdk.service._service import Service
from fashionsdk.service.schemas import Written

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotent-Replayed": "true"}  # tells a first answer that is given again
KEY = re.compile(r"[!-~]{1,255}")

_log = logging.getLogger("fashionsdk.service")


async def once(
    request: Request, service: Service, body: Body, write: Callable[[], Awaitable[Written]]
) -> Written | Response:
    """Return what ``write`` returns or, if it was run for the same caller and key before, what it returned then.

    Raises:
        Problem: of the write, or the key is none, was sent with another request, or its first request has not ended.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await write()
    if not KEY.fullmatch(key):
        raise Problem("bad-request", f"{HEADER} is no key; expected 1 to 255 visible ASCII characters")
    caller, repeats = request.state.caller, service.repeats
    question = await asyncio.to_thread(_digest, request.method, request.url.path, body)
    kept = await asyncio.to_thread(repeats.begin, caller, key, question)
    if kept is not None:
        return Response(kept, media_type=JSON, headers=REPLAYED)
    try:
        written = await write()
    except Exception:  # not when it is cancelled: its thread goes on
        await asyncio.to_thread(repeats.forget, caller, key)
        raise
    await asyncio.to_thread(_finish, service, caller, key, written)
    return written


def _finish(service: Service, caller: str, key: str, written: Written) -> None:
    try:
        service.repeats.finish(caller, key, written.model_dump_json())
    except Problem:  # what is written is written
        _log.exception("the answer to a write is not kept")


def _digest(method: str, path: str, body: Body) -> bytes:
    """Return a digest of what is asked: of a form its parts, since what parts them is another each time."""
    parts = [method.encode(), path.encode("utf-8", "surrogatepass"), json.dumps(body.fields, sort_keys=True).encode()]
    for name in sorted(body.files):
        parts += [name.encode("utf-8", "surrogatepass"), body.files[name]]
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.digest()
