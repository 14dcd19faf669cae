"""Adding, changing and removing items. What was acknowledged is kept; of several items all are written, or none."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from fashionsdk.embeddings import Embeddings
from fashionsdk.service._bodies import Body
from fashionsdk.service._problems import Problem, caller_mistakes
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.routes._documented import problems, writes
from fashionsdk.service.routes._items import check_known
from fashionsdk.service.routes._once import once
from fashionsdk.service.routes._search import cut
from fashionsdk.service.schemas import (
    AddRequest,
    NewItem,
    PutRequest,
    RemoveRequest,
    UpdateRequest,
    Written,
)

router = APIRouter(prefix="/v1", tags=["items"])


@router.post("/items", response_model=Written, openapi_extra=writes(AddRequest), responses=problems(409))
async def add(request: Request) -> Written | Response:
    """Add items by their photos."""
    service = service_of(request)
    async with service.asked(request, "write") as body:
        asked = body.parsed(AddRequest)
        add_items = partial(_add, request, service, asked.items, body, replace=asked.replace)
        return await once(request, service, body, add_items)


@router.put("/items/{key:path}", response_model=Written, openapi_extra=writes(PutRequest), responses=problems(409))
async def put(request: Request, key: str) -> Written | Response:
    """Add an item by its photo, or put it in the place of the one with this key."""
    service = service_of(request)
    async with service.asked(request, "write") as body:
        body.parsed(PutRequest)  # which has no key
        items = [Body({**body.fields, "key": key}, body.files).parsed(NewItem)]
        return await once(request, service, body, partial(_add, request, service, items, body, replace=True))


@router.patch(
    "/items", response_model=Written, openapi_extra=writes(UpdateRequest, photos=False), responses=problems(404, 409)
)
async def update(request: Request) -> Written | Response:
    """Set fields of items' metadata, such as price and stock."""
    service = service_of(request)
    async with service.asked(request, "write") as body:
        changes = body.parsed(UpdateRequest).changes
        keys = list(changes)
        change = partial(service.gallery.update, keys, list(changes.values()))
        return await once(request, service, body, partial(_write, request, service, "update", keys, change))


@router.post(
    "/removals", response_model=Written, openapi_extra=writes(RemoveRequest, photos=False), responses=problems(404, 409)
)
async def remove_several(request: Request) -> Written | Response:
    """Remove items."""
    service = service_of(request)
    async with service.asked(request, "write") as body:
        keys = body.parsed(RemoveRequest).keys
        return await once(request, service, body, _removal(request, service, keys))


@router.delete("/items/{key:path}", response_model=Written, openapi_extra=writes(None), responses=problems(404, 409))
async def remove(request: Request, key: str) -> Written | Response:
    """Remove an item."""
    service = service_of(request)
    service.allowed(request, "write")
    return await once(request, service, Body({}, {}), _removal(request, service, [key]))


def _removal(request: Request, service: Service, keys: list[str]) -> Callable[[], Awaitable[Written]]:
    return partial(_write, request, service, "remove", keys, partial(service.gallery.remove, keys))


async def _add(request: Request, service: Service, items: Sequence[NewItem], body: Body, *, replace: bool) -> Written:
    _check_writable(service)
    keys = [item.key for item in items]
    if len(items) > service.limits.items:
        raise Problem("invalid", f"got {len(items)} items; expected up to {service.limits.items}")
    photos = [cut(body.photo(item.photo), item.box) for item in items]
    with service.models.current.in_use() as model:
        parts = await service.within(request, lambda seconds: service.embed(model, photos, seconds))

    def write() -> None:
        metadata, lacks = [item.metadata for item in items], [item.lacks for item in items]
        service.gallery.add(keys, Embeddings.joined(parts), metadata, lacks=lacks, replace=replace)

    return await _write(request, service, "put" if replace else "add", keys, write, new=True)


async def _write(
    request: Request,
    service: Service,
    action: str,
    keys: Sequence[str],
    write: Callable[[], None],
    *,
    new: bool = False,
) -> Written:
    """Run a write in a thread, to its end even if the caller leaves, and record it."""
    _check_writable(service)
    return await asyncio.shield(service.call(_written, request, service, action, list(keys), write, new))


def _written(
    request: Request, service: Service, action: str, keys: list[str], write: Callable[[], None], new: bool
) -> Written:
    caller, request_id = request.state.caller, request.state.request_id
    try:
        if not new:
            check_known(service, keys)
        with caller_mistakes(), service.timed("write"):
            write()
            count = len(service.gallery)
    except Exception as error:
        kind = error.kind if isinstance(error, Problem) else "internal"
        service.audit.record(caller, request_id, action, keys, kind)
        if new and isinstance(error, Problem) and kind == "invalid" and "already in the gallery" in error.detail:
            raise Problem("conflict", error.detail) from error
        raise
    service.audit.record(caller, request_id, action, keys, "written")
    return Written(written=len(keys), count=count)


def _check_writable(service: Service) -> None:
    if not service.writable:
        raise Problem("conflict", "this gallery is served to be read only; serve a folder or a server to change it")
