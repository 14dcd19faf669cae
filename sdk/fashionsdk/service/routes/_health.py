"""What operators and their machines ask: is it alive, can it answer, what has it done; and the bundle read again."""

import asyncio
import logging
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fashionsdk.errors import FashionSDKError, GalleryError
from fashionsdk.service._problems import Problem
from fashionsdk.service._service import Service, service_of
from fashionsdk.service.routes._documented import problems
from fashionsdk.service.schemas import Health

_log = logging.getLogger("fashionsdk.service")

router = APIRouter(tags=["operation"])
TEXT: dict[int | str, Any] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/healthz")
async def alive() -> Health:
    """Say that the process answers."""
    return Health(status="ok")


@router.get("/readyz", responses=problems())
async def ready(request: Request) -> Health:
    """Say that the model is open and the gallery answers."""
    await check_ready(service_of(request))
    return Health(status="ok")


async def check_ready(service: Service) -> None:
    """Check that the service can answer.

    Raises:
        Problem: its gallery cannot be read.
    """
    try:
        await asyncio.to_thread(len, service.gallery)
    except (GalleryError, ValueError) as error:
        raise Problem("unavailable", "the gallery cannot answer now; the service's log says why") from error


@router.get("/metrics", responses={**problems(), **TEXT}, response_class=Response)
async def metrics(request: Request) -> Response:
    """Return counts and times in Prometheus' format."""
    service = service_of(request)
    service.allowed(request, "read")
    return service.metrics.response()


@router.post("/v1/reload", responses=problems(409))
async def reload(request: Request) -> Health:
    """Open the bundle's folder again: the model that is there now answers later requests, if it fits the gallery."""
    service = service_of(request)
    service.allowed(request, "admin")
    try:
        await service.reload()
    except FashionSDKError as error:
        _log.error("the bundle is not taken, so the old one goes on: %s", error)
        raise Problem("conflict", "the bundle does not fit, so the old one goes on; the log says why") from error
    return Health(status="ok")
