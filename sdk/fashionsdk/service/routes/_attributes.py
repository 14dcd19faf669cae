"""What the model knows."""

from fastapi import APIRouter, Request

from fashionsdk.service._service import service_of
from fashionsdk.service.routes._documented import problems
from fashionsdk.service.schemas import AttributeInfo, Attributes

router = APIRouter(prefix="/v1", tags=["model"])


@router.get("/attributes", responses=problems())
async def attributes(request: Request) -> Attributes:
    """Return the attributes that the gallery can be searched by, and their values."""
    service = service_of(request)
    service.allowed(request, "read")
    embedder = service.models.current.embedder
    space = embedder.values
    known = [
        AttributeInfo(
            name=each.name,
            values=list(each.values),
            dimension=embedder.dimensions[each.name],
            predicted=space is not None and each.name in space.values,
        )
        for each in embedder.attributes
    ]
    attention = embedder.bundle.manifest.attention_shape is not None
    return Attributes(model=embedder.model, attention=attention, attributes=known, labels=service.labels is not None)
