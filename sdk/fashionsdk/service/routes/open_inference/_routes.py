"""The protocol's addresses."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

import fashionsdk
from fashionsdk.embeddings import Embeddings
from fashionsdk.service._bodies import read_bytes
from fashionsdk.service._problems import Problem
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.inference import Model
from fashionsdk.service.routes._documented import asks
from fashionsdk.service.routes._health import check_ready
from fashionsdk.service.routes.open_inference._framing import Question, answer, read_question
from fashionsdk.service.routes.open_inference._tensors import (
    IMAGES,
    PHOTOS,
    chosen_outputs,
    output_tensors,
    photos_of,
)
from fashionsdk.service.schemas import (
    InferenceRequest,
    Inferred,
    ModelMetadata,
    ModelReady,
    ProtocolError,
    ServerLive,
    ServerMetadata,
    ServerReady,
    TensorInfo,
)

NAME = "fashionsdk"  # of the model, as in the repositories that are exported for Triton
EXTENSIONS = ["binary_tensor_data"]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProtocolError} for status in (400, 401, 403, 404, 408, 413, 415, 421, 422, 429, 500, 503, 504)
}

router = APIRouter(prefix="/v2", tags=["open inference protocol"], responses=ERRORS)


@router.get("")
async def server(request: Request) -> ServerMetadata:
    """Return what answers."""
    service_of(request).allowed(request, "read")
    return ServerMetadata(name="fashionsdk", version=fashionsdk.__version__, extensions=EXTENSIONS)


@router.get("/health/live")
async def live() -> ServerLive:
    """Say that the process answers."""
    return ServerLive(live=True)


@router.get("/health/ready")
async def ready(request: Request) -> ServerReady:
    """Say that the model is open and the gallery answers."""
    await check_ready(service_of(request))
    return ServerReady(ready=True)


@router.get("/models/{name}")
async def model(request: Request, name: str) -> ModelMetadata:
    """Return the tensors of the model."""
    service = service_of(request)
    service.allowed(request, "read")
    _check_name(name)
    embedder = service.models.current.embedder
    outputs = [TensorInfo(name=each, datatype="FP32", shape=[-1, size]) for each, size in embedder.dimensions.items()]
    return ModelMetadata(
        name=NAME,
        platform="fashionsdk",
        inputs=[PHOTOS, IMAGES],
        outputs=outputs,
        parameters=_parameters(embedder.model),
    )


@router.get("/models/{name}/ready")
async def model_ready(request: Request, name: str) -> ModelReady:
    """Say that the model is open."""
    _check_name(name)
    await check_ready(service_of(request))
    return ModelReady(name=NAME, ready=True)


@router.post("/models/{name}/infer", response_model=Inferred, openapi_extra=asks(InferenceRequest, photos=False))
async def infer(request: Request, name: str) -> Response:
    """Return the vectors of photos. Tensors may follow the JSON as bytes, in the request and in the answer."""
    service = service_of(request)
    service.allowed(request, "read")
    _check_name(name)
    async with read_bytes(request, service.limits, service.held) as body:
        question = await asyncio.to_thread(read_question, request.headers, body)
        return await _inferred(request, service, question)


async def _inferred(request: Request, service: Service, question: Question) -> Response:
    photos = await asyncio.to_thread(photos_of, question, service.limits.photos)
    with service.models.current.in_use() as model:
        chosen = chosen_outputs(question.asked, list(model.embedder.dimensions))
        parts = await service.within(request, lambda seconds: service.embed(model, photos, seconds))
    return await asyncio.to_thread(_answer, question.asked, model, Embeddings.joined(parts), chosen)


def _answer(asked: InferenceRequest, model: Model, vectors: Embeddings, chosen: dict[str, bool]) -> Response:
    tensors, binary = output_tensors(vectors, chosen)
    parameters = _parameters(model.embedder.model)
    return answer(Inferred(model_name=NAME, id=asked.id, parameters=parameters, outputs=tensors), binary)


def _check_name(name: str) -> None:
    if name != NAME:
        raise Problem("not-found", f"there is no model {name[:60]!r}; expected {NAME}")


def _parameters(digest: str) -> dict[str, str]:
    return {"digest": digest}
