"""Pictures of items, with or without the attention of the model."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fashionsdk.service._pictures import attention_picture, thumbnail
from fashionsdk.service._problems import Problem, caller_mistakes
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.routes._documented import problems
from fashionsdk.service.routes._items import check_known

router = APIRouter(prefix="/v1/pictures", tags=["items"])
BINARY = {"schema": {"type": "string", "format": "binary"}}
PICTURES: dict[int | str, Any] = {200: {"content": {"image/jpeg": BINARY, "image/png": BINARY}}}
CACHED = {"Cache-Control": "private, max-age=300"}


@router.get("/{key:path}", responses={**problems(404), **PICTURES}, response_class=Response)
async def picture(
    request: Request,
    key: str,
    side: Annotated[int, Query(ge=32, le=1024)] = 320,
    attribute: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Return an item's photo, or the photo under the model's attention for an attribute."""
    service = service_of(request)
    service.allowed(request, "read")
    return await service.within(request, lambda seconds: _picture(service, key, side, attribute, seconds))


def _path(service: Service, key: str) -> Path:
    check_known(service, [key])
    path = service.photo_of(key)
    if path is None:
        raise Problem("not-found", f"there is no picture of {key[:200]!r}")
    return path


async def _picture(service: Service, key: str, side: int, attribute: str | None, seconds: float) -> Response:
    path = await service.call(_path, service, key)
    with caller_mistakes():
        if attribute is None:
            return Response(await service.call(thumbnail, path, side), media_type="image/jpeg", headers=CACHED)
        with service.models.current.in_use() as model:
            (vectors,) = await service.embed(model, [path], seconds, attention=True)
            maps = vectors.select(attribute).attention
            assert maps is not None, "the model has maps, or it would have said so"
            drawn = await service.call(attention_picture, path, maps[0, 0], model.embedder.preprocessing, side)
    return Response(drawn, media_type="image/png", headers=CACHED)
