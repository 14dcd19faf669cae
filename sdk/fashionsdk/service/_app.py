"""The ASGI application: routes, what surrounds every request, and the page."""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import Scope

import fashionsdk
from fashionsdk.errors import FashionSDKError
from fashionsdk.service import schemas
from fashionsdk.service._around import Around
from fashionsdk.service._freed_memory import give_back_for_ever
from fashionsdk.service._json import JSONAnswer
from fashionsdk.service._page import Page
from fashionsdk.service._problems import Problem, status_problem
from fashionsdk.service._service import Service
from fashionsdk.service._settings import Settings
from fashionsdk.service.routes import REFERENCE, ROUTERS

API = ("/v1/", "/v2/")
DESCRIPTION = "Attribute-specific fashion retrieval: find items with the same neckline, sleeve or colour."

_log = logging.getLogger("fashionsdk.service")


def create_app(settings: Settings) -> FastAPI:
    """Return the application; it opens the bundle and the gallery when the server starts it.

    Args:
        settings: what is served, and to whom.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = app.state.service = Service(settings)
        embedder = service.models.current.embedder
        _log.info("serving model %s: %s", embedder.model[:12], embedder.backend)
        trimming = asyncio.create_task(give_back_for_ever())
        try:
            with _reloading(service):
                yield
        finally:
            trimming.cancel()
            await service.close()

    app = FastAPI(
        title="fashionsdk",
        version=fashionsdk.__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        default_response_class=JSONAnswer,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
    )
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.append(_Mounted("/", Page(), name="page"))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _status)
    app.add_middleware(Around, settings=settings)
    app.openapi = _with_schemas(app)  # type: ignore[method-assign]
    return app


class _Mounted(Mount):
    """The page's files, which have any path but those of the API: there another method is a 405, and no lost file."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for the page."""
        return (Match.NONE, {}) if scope["path"].startswith(API) else super().matches(scope)


@contextmanager
def _reloading(service: Service) -> Iterator[None]:
    """Read the bundle again at SIGHUP within the block; where several processes serve, their parent does so."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def begin() -> None:
        task = loop.create_task(_reload(service))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if service.settings.workers > 1 or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop.add_signal_handler(signal.SIGHUP, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


async def _reload(service: Service) -> None:
    try:
        await service.reload()
    except FashionSDKError as error:
        _log.error("the bundle is not taken, so the old one goes on: %s", error)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response(request.state.request_id, request.scope["path"])


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = [{"field": ".".join(map(str, each["loc"][1:])), "message": each["msg"]} for each in error.errors()]
    problem = Problem("invalid", "some parameters are not as expected", errors=said)
    return problem.response(request.state.request_id, request.scope["path"])


async def _status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return status_problem(error.status_code, request.state.request_id, request.scope["path"], error.headers)


def _with_schemas(app: FastAPI) -> Any:
    """Return a function that makes the OpenAPI document, with the models that requests are read as by hand."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            asked = [getattr(schemas, name) for name in schemas.__all__ if name.endswith("Request")]
            modes = [(model, "validation") for model in asked] + [(schemas.ProblemDetails, "serialization")]
            _, found = models_json_schema(modes, ref_template=REFERENCE)  # type: ignore[arg-type]
            document["components"]["schemas"] |= found["$defs"]
            _leave_framework_answers_out(document)
            app.openapi_schema = document
        return app.openapi_schema or {}

    return openapi


def _leave_framework_answers_out(document: dict[str, Any]) -> None:
    """Take out the framework's own form of errors, which is not used."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
