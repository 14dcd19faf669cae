"""Models that this SDK computes in Triton's Python backend: of photos, of pixels, and the reader of photos."""

from pathlib import Path

from fashionsdk.backends import RUNTIMES
from fashionsdk_export.triton.model_tensors import PHOTOS, Tensor, images, vectors
from fashionsdk_export.triton.served_bundle import PREFIX, ServedBundle
from fashionsdk_export.triton.triton_model import BundlePart, TritonModel

FILES = {"model.py": Path(__file__).with_name("served_model.py")}  # copied as it is


def photo_model(served: ServedBundle) -> TritonModel:
    """Return the model from photos, whole files, to vectors.

    Raises:
        ValueError: the runtime does not compute the precision on the device.
    """
    return _embedder(served.settings.name, PHOTOS, served)


def pixel_model(served: ServedBundle) -> TritonModel:
    """Return the model from preprocessed pixels to vectors.

    Raises:
        ValueError: as `photo_model`.
    """
    return _embedder(f"{served.settings.name}_pixels", images(served.bundle.manifest), served)


def photo_reader(served: ServedBundle) -> TritonModel:
    """Return the model from photos to the graphs' input. It runs on the CPU, in threads."""
    computed_by = {"backend": "python", **served.scheduling("cpu")}
    tensors = (PHOTOS,), (images(served.bundle.manifest),)
    return served.model(f"{served.settings.name}_read", tensors, computed_by, served.description(), FILES)


def _embedder(name: str, entry: Tensor, served: ServedBundle) -> TritonModel:
    settings = served.settings
    _check_runtime(served)
    options = {"runtime": settings.runtime}
    if settings.threads is not None:
        options["threads"] = str(settings.threads)
    parameters = served.description() | {PREFIX + key: text for key, text in options.items()}
    computed_by = {"backend": "python", **served.scheduling(settings.device)}
    tensors = (entry,), vectors(served.bundle.manifest)
    return served.model(name, tensors, computed_by, parameters, FILES, BundlePart(served.bundle, served.precision))


def _check_runtime(served: ServedBundle) -> None:
    runtime, device = served.settings.runtime, served.settings.device
    names = RUNTIMES if runtime == "auto" else (runtime,)
    if not any(RUNTIMES[name].computes(served.precision, device) for name in names):
        raise ValueError(
            f"runtime is {runtime!r}, which does not compute {served.precision} on device {device!r}; expected another "
            "runtime, device or precision"
        )
