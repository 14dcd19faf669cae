"""Counts and times for Prometheus."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.responses import Response

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PHOTOS = (1, 2, 4, 8, 16, 32, 64)
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the workers of one service add their counts up


class Metrics:
    """A service's counts and times.

    Args:
        waiting: returns how many photos are read or wait for the model now.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "fashionsdk_requests", "Requests answered", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "fashionsdk_request_seconds", "Time to an answer", ("route",), buckets=SECONDS, registry=registry
        )
        self._stages = Histogram(
            "fashionsdk_stage_seconds",
            "Time of a stage: read (a photo), embed (wait and model), search, write",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "fashionsdk_batch_photos", "Photos in a run of the model", buckets=PHOTOS, registry=registry
        )
        self._model = Histogram(
            "fashionsdk_batch_seconds", "Time of a run of the model", buckets=SECONDS, registry=registry
        )
        self._waiting = waiting
        self._gauge = Gauge(
            "fashionsdk_photos_waiting",
            "Photos that are read or wait for the model",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is its pattern, never the path that a caller chose."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._gauge.set(self._waiting())  # another worker may be asked for it next

    def stage(self, name: str, seconds: float) -> None:
        """Add the time of a stage."""
        self._stages.labels(name).observe(seconds)

    def batch(self, photos: int, seconds: float) -> None:
        """Add a run of the model."""
        self._batches.observe(photos)
        self._model.observe(seconds)

    def response(self) -> Response:
        """Return all in Prometheus' text format: of all workers, where there are several."""
        self._gauge.set(self._waiting())
        registry = self._registry
        if SHARED_FOLDER in os.environ:
            registry = CollectorRegistry()
            _forget_ended(Path(os.environ[SHARED_FOLDER]))
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _forget_ended(folder: Path) -> None:
    """Leave out what workers that have ended were doing last."""
    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another worker does the same
                mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]
