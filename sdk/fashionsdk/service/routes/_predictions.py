"""What stored items probably show, as their vectors say: no photo is read."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request

from fashionsdk.embedding import predicted, predictions
from fashionsdk.service._problems import caller_mistakes
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.routes._documented import problems
from fashionsdk.service.routes._items import check_known
from fashionsdk.service.routes._photos import predicted_values
from fashionsdk.service.schemas import Predicted

router = APIRouter(prefix="/v1/predictions", tags=["items"])


@router.get("/{key:path}", responses=problems(404))
async def item_predictions(
    request: Request, key: str, unknown_below: Annotated[float, Query(ge=0, le=1)] = 0.0
) -> Predicted:
    """Return what an item probably shows; attributes that it lacks are left out."""
    service = service_of(request)
    service.allowed(request, "read")
    return await asyncio.to_thread(_predicted, service, key, unknown_below)


def _predicted(service: Service, key: str, unknown_below: float) -> Predicted:
    check_known(service, [key])
    with caller_mistakes():
        item = service.gallery.get(key)
        names = [name for name in predicted(item.embeddings.values, None) if name not in item.lacks]
        said = predictions(item.embeddings, unknown_below, names)[0] if names else {}
    return Predicted(model=item.embeddings.model, predictions=predicted_values(said))
