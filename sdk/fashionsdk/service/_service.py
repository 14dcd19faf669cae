"""A running service: its model, gallery and guards, and what every request goes through."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import ParamSpec, TypeVar

from starlette.datastructures import Headers
from starlette.requests import Request

from fashionsdk.backends import available_cpus
from fashionsdk.embedding import Embedder
from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import ImageSource
from fashionsdk.search import Matcher, PhotoFolder, check_fits, open_for
from fashionsdk.search.stores import is_folder, is_server
from fashionsdk.service._bodies import Body, is_form, read_body
from fashionsdk.service._problems import Problem, caller_mistakes
from fashionsdk.service._settings import Settings
from fashionsdk.service.guards import ANYONE, Audit, Caller, HeldBytes, KeyRing, Rates, Repeats, Scope
from fashionsdk.service.inference import Admission, Model, Models, PhotoPool
from fashionsdk.service.labelling import LabelSheet
from fashionsdk.service.watching import Metrics, open_traces

P = ParamSpec("P")
T = TypeVar("T")
STAGES: ContextVar[list[tuple[str, float]]] = ContextVar("stages")  # of the request that is answered, with seconds
TIMEOUT = "request-timeout"  # seconds that a caller waits at most

_log = logging.getLogger("fashionsdk.service")


class Service:
    """What the routes use. Made within the event loop that serves.

    Args:
        settings: what is served.

    Raises:
        FashionSDKError: the bundle, the gallery or the labels cannot be opened, or they do not fit.
        ValueError, OSError: the keys cannot be read, or the audit or the answers cannot be written.
    """

    def __init__(self, settings: Settings) -> None:
        limits = settings.limits
        self.settings, self.limits = settings, limits
        self.ring, self.rates, self.audit = KeyRing(settings.keys), Rates(settings.rate), Audit(settings.audit)
        self.held, self.admission = HeldBytes(limits.held_bytes), Admission(limits.waiting)
        self.asking = Admission(limits.waiting, "questions to the gallery")
        self.metrics = Metrics(lambda: self.admission.waiting)
        self.pool = PhotoPool()
        self.labels = None if settings.labels is None else LabelSheet(settings.labels)
        self._photos = None if settings.photos is None else PhotoFolder(settings.photos)
        self.writable = not settings.read_only and (is_folder(settings.gallery) or is_server(settings.gallery))
        with ExitStack() as undo:
            embedder = undo.enter_context(self._open_model())
            self.gallery: Matcher = undo.enter_context(
                open_for(embedder, settings.gallery, read_only=not self.writable)
            )
            self.repeats = Repeats(settings.answers)
            undo.callback(self.repeats.close)
            self.traces = open_traces(settings.traces)
            undo.pop_all()
        self.models = Models(self._model(embedder))

    async def close(self) -> None:
        """Answer what has begun, then free everything."""
        await self.models.close()
        self.pool.close()
        await asyncio.to_thread(self.gallery.close)
        self.audit.close()
        self.repeats.close()
        await asyncio.to_thread(self.traces.close)

    async def reload(self) -> None:
        """Open the bundle's folder again, and give later requests the model that is there now.

        Where several processes serve, their parent starts them anew, one after the other.

        Raises:
            FashionSDKError: it cannot be opened, or its vectors do not fit the gallery; the old one goes on.
        """
        embedder = await asyncio.to_thread(self._open_model)
        try:
            check_fits(embedder, self.gallery)
        except BaseException:
            await asyncio.to_thread(embedder.close)
            raise
        if self.settings.workers > 1:
            await asyncio.to_thread(embedder.close)
            os.kill(os.getppid(), signal.SIGHUP)
            return
        self.models.swap(self._model(embedder))
        _log.info("serving model %s: %s", embedder.model[:12], embedder.backend)

    def check_room(self, headers: Headers) -> None:
        """Check that a photo can be admitted, if a request's body is a form, which holds some.

        Raises:
            Problem: none can: rather known now than after they were read.
        """
        if is_form(headers):
            self.admission.check(1, _seconds(headers, self.limits.seconds))

    def photo_of(self, key: str) -> Path | None:
        """Return the file of an item's photo, if there is one in the folder of photos."""
        return None if self._photos is None else self._photos.find(key)

    def allowed(self, request: Request, scope: Scope) -> Caller:
        """Return who asks, after looking at the key and the rate.

        Raises:
            Problem: the key does not allow it, or there were too many requests.
        """
        caller = self.ring.caller(_key(request), scope)
        request.state.caller = caller.name
        address = request.client.host if request.client is not None else ""
        self.rates.check(address if caller is ANYONE else caller.name)
        return caller

    @asynccontextmanager
    async def asked(self, request: Request, scope: Scope = "read") -> AsyncIterator[Body]:
        """Yield what an allowed request says.

        Raises:
            Problem: it is not allowed, cannot be read, or there is too much to do.
        """
        self.allowed(request, scope)
        async with read_body(request, self.limits, self.held) as body:
            yield body

    async def within(self, request: Request, work: Callable[[float], Awaitable[T]]) -> T:
        """Return what ``work`` returns, which is called with its seconds, unless the caller leaves or time runs out.

        Raises:
            Problem: time runs out.
            asyncio.CancelledError: nobody waits for the answer.
        """
        seconds = _seconds(request.headers, self.limits.seconds)
        task = asyncio.ensure_future(work(seconds))
        gone = asyncio.ensure_future(_until_gone(request))
        try:
            await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            if gone.done():
                raise Problem("bad-request", "the caller left")
            raise Problem("deadline", f"no answer within {seconds:g} seconds")
        finally:
            gone.cancel()
            task.cancel()

    async def embed(
        self, model: Model, photos: Sequence[ImageSource], seconds: float, *, attention: bool = False
    ) -> list[Embeddings]:
        """Return the embeddings of each photo (N = 1).

        Raises:
            Problem: too many photos wait, one cannot be read, or the model has no maps.
        """
        if attention and model.embedder.bundle.manifest.attention_shape is None:  # its batch would fail for all
            raise Problem("invalid", "this model has no attention maps")
        with self.admission.enter(len(photos), seconds), caller_mistakes():
            return await model.batcher.embed(photos, attention=attention, timed=self.timed)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function returns that asks the gallery or draws a picture; it runs in a thread.

        Raises:
            Problem: too many wait for a thread.
        """
        with self.asking.enter(1, self.limits.seconds):
            return await asyncio.to_thread(function, *args, **kwargs)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Measure a stage of answering."""
        began = time.monotonic()
        try:
            with self.traces.stage(stage):
                yield
        finally:
            seconds = time.monotonic() - began
            self.metrics.stage(stage, seconds)
            STAGES.get().append((stage, seconds))

    def _open_model(self) -> Embedder:
        settings = self.settings
        return Embedder(
            settings.bundle,
            device=settings.device,
            precision=settings.precision,
            batch_size=settings.limits.batch,
            threads=settings.threads or (None if settings.workers == 1 else self._threads_of_worker()),
            runtime=settings.runtime,
        )

    def _threads_of_worker(self) -> int:
        return max(1, available_cpus() // self.settings.workers)  # more would wait for each other

    def _model(self, embedder: Embedder) -> Model:
        return Model(embedder, self.pool, self.limits.batch, self.limits.batch_seconds, self.metrics.batch)


def service_of(request: Request) -> Service:
    """Return the service that a request came to."""
    service: Service = request.app.state.service
    return service


def _key(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")


def _seconds(headers: Headers, most: float) -> float:
    """Return how long the caller waits."""
    text = headers.get(TIMEOUT)
    if text is None:
        return most
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise Problem("bad-request", f"Request-Timeout is {text[:40]!r}; expected seconds, such as 2.5")
    return min(seconds, most)


async def _until_gone(request: Request) -> None:
    """Return when the caller has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
