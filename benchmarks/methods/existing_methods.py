"""The methods that users have today: the original programs, PyTorch, and a plain export of the original program.

All run the weights of the checkpoint that the bundle was exported from, so they must give the bundle's answers.
Decoding and normalising photos, and compiling, are not timed.
"""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fashionsdk.bundle import Bundle
from fashionsdk_export.graph import fuse
from fashionsdk_training.checkpoint import Checkpoint
from methods.embedding_methods import ORIGINAL, Call, Method, Pixels, Prepare, Vectors
from methods.original_programs import OriginalProgram, original_program

Load = Callable[[], Checkpoint]

PRECISIONS = {"cpu": ("fp32",), "cuda": ("fp32", "fp16")}


def find_checkpoint(bundle: Bundle, given: Path | None) -> Load:
    """Return what loads the checkpoint of ``bundle``: ``given``, or the folder ``checkpoint`` beside the bundle.

    Raises:
        ValueError: the given checkpoint is of another model.
    """
    if given is not None:
        _load(bundle, given)
    return partial(_load, bundle, given or bundle.path.parent / "checkpoint")


def _load(bundle: Bundle, path: Path) -> Checkpoint:
    checkpoint = Checkpoint.load(path)
    if checkpoint.digest != bundle.manifest.model.digest:
        raise ValueError(f"{path} is the checkpoint of another model than {bundle.path}; name its own by --checkpoint")
    return checkpoint


def existing_methods(load: Load, device: str, threads: int) -> list[Method]:
    """Return the methods of today on ``device``; opening one sets torch's number of threads."""
    kinds = {ORIGINAL: _one_by_one, "PyTorch fused": _fused, "torch.compile": _compiled}
    methods = [
        Method(name, device, precision, partial(_with_threads, threads, partial(kind, load, device, precision)))
        for name, kind in kinds.items()
        for precision in PRECISIONS[device]
    ]
    plain = Method(
        "ONNX Runtime, one pass per attribute", device, "fp32", partial(_plain_session, load, device, threads)
    )
    return [*methods, plain]


def _with_threads(threads: int, open_it: Callable[[], Prepare]) -> Prepare:
    """Open one of PyTorch's methods, which uses this number of threads in its process."""
    torch.set_num_threads(threads)
    return open_it()


def _one_by_one(load: Load, device: str, precision: str) -> Prepare:
    """The whole network once per attribute, in eager mode."""
    checkpoint = load()
    normalise, attributes = checkpoint.build().normalise, range(len(checkpoint.attributes))
    program = original_program(checkpoint.build()).to(device)

    def prepare(images: Pixels) -> Call:
        pixels = normalise(torch.from_numpy(images))
        chosen = [torch.full((len(images),), a, device=device) for a in attributes]

        def call() -> Vectors:
            with torch.inference_mode(), _arithmetic(device, precision):
                there = pixels.to(device)
                return _to_numpy(torch.stack([program(there, attribute) for attribute in chosen], dim=1))

        return call

    return prepare


def _fused(load: Load, device: str, precision: str) -> Prepare:
    """All attributes in one pass, the attribute branch folded, in eager mode."""
    return _one_pass(fuse(load().build()).to(device), device, precision)


def _compiled(load: Load, device: str, precision: str) -> Prepare:
    """The same through ``torch.compile``, compiled anew for every batch size."""
    return _one_pass(torch.compile(fuse(load().build()).to(device), dynamic=False), device, precision)


def _one_pass(network: Callable[[Tensor], tuple[Tensor, ...]], device: str, precision: str) -> Prepare:
    def run(images: Tensor) -> Vectors:
        with torch.inference_mode(), _arithmetic(device, precision):
            return _to_numpy(network(images.to(device))[0])

    return lambda images: partial(run, torch.from_numpy(images))


def _arithmetic(device: str, precision: str) -> torch.autocast:
    """Return what lets PyTorch compute in half precision as its users do; in FP32 nothing is rounded to TF32."""
    if device == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    return torch.autocast(device, torch.float16 if device == "cuda" else torch.bfloat16, enabled=precision != "fp32")


def _to_numpy(vectors: Tensor) -> Vectors:
    return vectors.float().cpu().numpy()


def _plain_session(load: Load, device: str, threads: int) -> Prepare:
    """The original program exported as it is, the attribute an input, run once per attribute by ONNX Runtime."""
    import onnxruntime

    checkpoint = load()
    model = checkpoint.build()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    provider = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        raise RuntimeError(f"this onnxruntime has no {provider}")
    with tempfile.TemporaryDirectory(prefix="fashionsdk-today-") as folder:
        path = Path(folder) / "original.onnx"
        _export(original_program(model), checkpoint.preprocessing.shape, path)
        session = onnxruntime.InferenceSession(path, options, providers=[provider])

    def prepare(images: Pixels) -> Call:
        pixels = model.normalise(torch.from_numpy(images)).numpy()
        inputs = [{"pixels": pixels, "attribute": np.full(len(images), a)} for a in range(len(checkpoint.attributes))]
        return lambda: np.stack([session.run(None, given)[0] for given in inputs], axis=1)

    return prepare


def _export(program: OriginalProgram, shape: tuple[int, int, int], path: Path) -> None:
    example = torch.zeros(2, 3, *shape[:2]), torch.zeros(2, dtype=torch.int64)
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # the exporter talks a lot
        warnings.simplefilter("ignore")
        torch.onnx.export(
            program,
            example,
            path,
            dynamo=True,
            input_names=["pixels", "attribute"],
            dynamic_shapes=({0: batch}, {0: batch}),
            external_data=False,
        )
