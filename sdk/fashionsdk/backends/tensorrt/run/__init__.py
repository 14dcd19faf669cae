"""Runs an engine: workers, each with a stream and memory, that run one batch at a time."""

from fashionsdk.backends.tensorrt.run._engine import Engine
from fashionsdk.backends.tensorrt.run._worker import Worker
from fashionsdk.backends.tensorrt.run._worker_pool import WorkerPool

__all__ = [
    "Engine",
    "Worker",
    "WorkerPool",
]
