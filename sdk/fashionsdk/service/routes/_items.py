"""Items as they are stored."""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request

from fashionsdk.search import Item, parse_condition
from fashionsdk.service._problems import Problem, caller_mistakes
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.routes._documented import problems
from fashionsdk.service.schemas import ItemAnswer, ItemPage

router = APIRouter(prefix="/v1/items", tags=["items"])
MOST = 100  # on a page


@router.get("", responses=problems())
async def page(
    request: Request,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    where: Annotated[str | None, Query(max_length=10_000)] = None,
) -> ItemPage:
    """Return some of the items in the gallery's order, or of those that meet a condition."""
    service = service_of(request)
    service.allowed(request, "read")
    with caller_mistakes():
        return await service.within(request, lambda _: service.call(_page, service, offset, limit, where))


@router.get("/{key:path}", responses=problems(404))
async def get(request: Request, key: str) -> ItemAnswer:
    """Return one item."""
    service = service_of(request)
    service.allowed(request, "read")
    return await service.within(request, lambda _: service.call(_get, service, key))


def _get(service: Service, key: str) -> ItemAnswer:
    check_known(service, [key])
    return _answer(service, service.gallery.get(key))


def check_known(service: Service, keys: list[str]) -> None:
    """Check that the gallery has items.

    Raises:
        Problem: it lacks one; it says which.
    """
    with caller_mistakes():
        known = service.gallery.known(keys)
    if missing := next((key for key in keys if key not in known), None):
        raise Problem("not-found", f"no item has the key {missing[:200]!r}")


def _page(service: Service, offset: int, limit: int, where: str | None) -> ItemPage:
    gallery = service.gallery
    condition = None if where is None else parse_condition(where)
    keys = [key for key, _ in islice(gallery.entries(condition), offset, offset + limit)]
    items = [_answer(service, item) for item in gallery.items(keys)]
    return ItemPage(count=len(gallery), items=items, next_offset=offset + limit if len(items) == limit else None)


def _answer(service: Service, item: Item) -> ItemAnswer:
    picture = service.photo_of(item.key) is not None
    return ItemAnswer(key=item.key, metadata=dict(item.metadata), lacks=sorted(item.lacks), picture=picture)
