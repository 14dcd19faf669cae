"""A machine with a simulated GPU, for the TensorRT backend: only the driver and the library are not real."""

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from fashionsdk.backends import Backend, engine_build, open_backend
from fashionsdk.bundle import Bundle, EngineInfo, EngineKind, Manifest
from tests.sdk.conftest import ATTRIBUTES, CELLS, DIMENSION, SIDE, TinyModel
from tests.sdk.simulated_gpu.contexts import VERSION
from tests.sdk.simulated_gpu.cuda import Cuda, Pace
from tests.sdk.simulated_gpu.cuda_graphs import Graphs
from tests.sdk.simulated_gpu.pycuda import CAPABILITY, PyCuda
from tests.sdk.simulated_gpu.tensorrt import TensorRt, engine_data

# Of the libraries that are simulated; AOTInductor is none of them.
KINDS: tuple[EngineKind, ...] = tuple(kind for kind in get_args(EngineKind) if engine_build(kind).room == "engines")
MIN, OPT, MAX = 3, 8, 40
ENGINE_FILE = "engines/tiny.engine"
ATOL = 1e-6  # numpy sums batches of another size in another order
SHAPES = {
    "images": (SIDE, SIDE, 3),
    "embeddings": (len(ATTRIBUTES), DIMENSION),
    "attention": (len(ATTRIBUTES), CELLS, CELLS),
}


Case = tuple[NDArray[np.uint8], tuple[NDArray[np.float32], NDArray[np.float32]]]


@lru_cache(500)
def _case(model: TinyModel, count: int, seed: int) -> Case:
    """Return random images, which nobody may change, and numpy's answers."""
    images = np.random.default_rng([count, seed]).integers(0, 256, (count, *SHAPES["images"]), dtype=np.uint8)
    images.setflags(write=False)
    return images, model.answers(images)


@dataclass
class Machine:
    """A machine with one GPU, and a bundle with an engine for it."""

    kind: EngineKind
    cuda: Cuda
    library: TensorRt
    bundle: Bundle
    model: TinyModel

    def open(self) -> Backend:
        return open_backend(self.bundle, "cuda", runtime=self.kind)

    def check(self, backend: Backend, count: int, seed: int = 0) -> None:
        """Embed random images and compare with numpy."""
        images, expected = _case(self.model, count, seed)
        embeddings, attention = backend.run(images, attention=seed % 2 == 0)
        np.testing.assert_allclose(embeddings, expected[0], rtol=0, atol=ATOL)
        assert (attention is None) == (seed % 2 == 1)
        if attention is not None:
            np.testing.assert_allclose(attention, expected[1], rtol=0, atol=ATOL)

    def assert_clean(self) -> None:
        """Nothing is left, and no rule was broken on the way."""
        assert (self.cuda.broken, self.cuda.left()) == ([], {}), (self.cuda.broken, self.cuda.left())


class Simulate:
    """Makes machines, of which the last one made is the one that the SDK sees."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        write: Callable[[Manifest, dict[str, Path]], Bundle],
        manifest: Manifest,
        tmp_path: Path,
        model: TinyModel,
    ) -> None:
        self._patch = monkeypatch
        self._write = write
        self._manifest = manifest
        self._folder = tmp_path
        self._model = model

    def __call__(
        self,
        kind: EngineKind = "tensorrt",
        pace: Pace = "late",
        batches: tuple[int, int, int] = (MIN, OPT, MAX),
        **engine: Any,
    ) -> Machine:
        cuda = Cuda(pace)
        library = TensorRt(cuda, SHAPES, self._model.answers)
        modules = PyCuda(cuda).modules() | {kind.replace("-", "_"): library.module()}
        for name, module in modules.items():
            self._patch.setitem(sys.modules, name, module)
        self._patch.setattr("fashionsdk.backends.tensorrt.device._cuda._devices", {})  # found once a process
        self._patch.setattr("fashionsdk.backends.tensorrt.library._library._libraries", {})
        self._patch.setattr(ctypes, "CDLL", _loader(Graphs(cuda).library(), ctypes.CDLL))
        self._patch.setenv("XDG_CACHE_HOME", str(self._folder / "cache"))
        return Machine(kind, cuda, library, self._bundle(kind, engine_data(batches, **engine)), self._model)

    def _bundle(self, kind: EngineKind, data: bytes) -> Bundle:
        file = self._folder / "engine"
        if not file.exists() or file.read_bytes() != data:
            file.write_bytes(data)
            info = EngineInfo(ENGINE_FILE, kind, "fp32", VERSION, "{}.{}".format(*CAPABILITY), MIN, OPT, MAX)
            self._written = self._write(replace(self._manifest, engines=(info,)), {ENGINE_FILE: file})
        return self._written


def _loader(driver: Any, real: Callable[..., Any]) -> Callable[..., Any]:
    def load(name: str, *more: Any, **named: Any) -> Any:
        return driver if name in ("libcuda.so.1", "nvcuda.dll") else real(name, *more, **named)

    return load
