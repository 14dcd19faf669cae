"""What the model says of one photo: embeddings, values, where it looks."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fashionsdk.embedding import predicted, predictions
from fashionsdk.embeddings import Embeddings
from fashionsdk.service._bodies import Body
from fashionsdk.service._json import JSONAnswer
from fashionsdk.service._pictures import attention_picture
from fashionsdk.service._problems import caller_mistakes
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.routes._documented import asks, problems
from fashionsdk.service.routes._search import cut
from fashionsdk.service.schemas import (
    AttentionRequest,
    Embedded,
    EmbedRequest,
    PhotoRequest,
    Predicted,
    PredictedValue,
    PredictRequest,
)
from fashionsdk.values import Prediction

router = APIRouter(prefix="/v1", tags=["photos"])
PNG: dict[int | str, Any] = {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}}


@router.post("/embed", openapi_extra=asks(EmbedRequest), responses=problems(), response_model=Embedded)
async def embed(request: Request) -> JSONAnswer:
    """Return a photo's vectors."""
    service = service_of(request)
    async with service.asked(request) as body:
        asked = body.parsed(EmbedRequest)
        vectors = await service.within(request, lambda seconds: _embedded(service, asked, body, seconds))
        with caller_mistakes():
            chosen = vectors if asked.attributes is None else vectors.select(asked.attributes)
    found = {name: chosen[name][0].tolist() for name in chosen.attributes}
    return JSONAnswer({"model": vectors.model, "embeddings": found})  # as it is: thousands of numbers need no model


@router.post("/predict", openapi_extra=asks(PredictRequest), responses=problems())
async def predict(request: Request) -> Predicted:
    """Return what a photo probably shows."""
    service = service_of(request)
    async with service.asked(request) as body:
        asked = body.parsed(PredictRequest)
        vectors = await service.within(request, lambda seconds: _embedded(service, asked, body, seconds))
        with caller_mistakes():
            names = predicted(vectors.values, asked.attributes)
            said = predictions(vectors, asked.unknown_below, names)[0]
    return Predicted(model=vectors.model, predictions=predicted_values(said))


def predicted_values(said: Mapping[str, Prediction]) -> dict[str, PredictedValue]:
    """Return predictions as an answer."""
    return {
        name: PredictedValue(
            value=each.value,
            probability=each.probability,
            probabilities=dict(each.probabilities),
            applies=each.applies,
            absent=each.absent,
        )
        for name, each in said.items()
    }


@router.post(
    "/attention", openapi_extra=asks(AttentionRequest), responses={**problems(), **PNG}, response_class=Response
)
async def attention(request: Request) -> Response:
    """Return the photo under the model's attention for one attribute."""
    service = service_of(request)
    async with service.asked(request) as body:
        asked = body.parsed(AttentionRequest)
        return await service.within(request, lambda seconds: _attention(service, asked, body, seconds))


async def _attention(service: Service, asked: AttentionRequest, body: Body, seconds: float) -> Response:
    photo = cut(body.photo(asked.photo), asked.box)
    with service.models.current.in_use() as model, caller_mistakes():
        (vectors,) = await service.embed(model, [photo], seconds, attention=True)
        maps = vectors.select(asked.attribute).attention
        assert maps is not None, "the model has maps, or it would have said so"
        preprocessing = model.embedder.preprocessing
        picture = await service.call(attention_picture, photo, maps[0, 0], preprocessing, asked.side)
    return Response(picture, media_type="image/png")


async def _embedded(service: Service, asked: PhotoRequest, body: Body, seconds: float) -> Embeddings:
    with service.models.current.in_use() as model:
        (vectors,) = await service.embed(model, [cut(body.photo(asked.photo), asked.box)], seconds)
    return vectors
