"""The AOTInductor backend: batches in, embeddings out."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk._tools.batches import slices
from fashionsdk.backends._backend import BackendInfo, backend_name
from fashionsdk.backends._per_process import PerProcess
from fashionsdk.backends._shared_resource import SharedResource
from fashionsdk.backends._signature import check_call, check_output_shape, output_shapes
from fashionsdk.backends.aotinductor._runners import Runner
from fashionsdk.bundle import EngineInfo, Manifest
from fashionsdk.errors import BackendError


class AotInductorBackend(SharedResource):
    """A loaded engine. All of its threads work on one batch, so callers take turns.

    Args:
        manifest: the bundle's.
        engine: the engine's entry in it.
        runner: runs the engine.
        info: what runs and why.
        reopen: loads the engine in a forked child, at the child's first run.
    """

    def __init__(
        self, manifest: Manifest, engine: EngineInfo, runner: Runner, info: BackendInfo, reopen: Callable[[], Runner]
    ) -> None:
        super().__init__(backend_name(info), "open the bundle again")
        self.info = info
        self._manifest = manifest
        self._engine = engine
        self._shapes = output_shapes(manifest)
        self._runner = PerProcess(runner, reopen)
        self._lock = RenewedLock()

    def run(
        self, images: NDArray[np.uint8], *, attention: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Map images ``(B, H, W, 3)`` to embeddings and attention; see `Backend`.

        More images than the engine's largest batch run as several batches, one after the other.
        """
        check_call(self._manifest, images, attention)
        outputs = {name: np.empty((len(images), *shape), np.float32) for name, shape in self._shapes.items()}
        with self._in_use(), self._lock:
            runner = self._runner.get()
            for part in slices(len(images), self._engine.max_batch):
                self._run(runner, images[part], {name: output[part] for name, output in outputs.items()})
        return outputs["embeddings"], outputs["attention"] if attention else None

    def _run(self, runner: Runner, images: NDArray[np.uint8], outputs: dict[str, NDArray[np.float32]]) -> None:
        try:
            answers = runner.run(images)
        except Exception as error:  # the runtime's exceptions have no common base but this
            raise BackendError(
                f"{self.info} failed on a batch of {len(images)}: {error}; if memory is short, "
                "build the engine for a smaller largest batch"
            ) from error
        if len(answers) != len(outputs):
            raise BackendError(
                f"{self._engine.file} gave {len(answers)} outputs; expected {', '.join(outputs)}: build it again"
            )
        for (name, output), answer in zip(outputs.items(), answers, strict=True):
            check_output_shape(self._manifest, name, len(images), answer.shape)
            output[...] = answer

    def _free(self) -> None:
        self._runner.drop()
