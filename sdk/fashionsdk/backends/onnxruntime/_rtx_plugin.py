"""TensorRT for RTX as a plugin of ONNX Runtime: a wheel with everything in it, so nothing is compiled to install it."""

import ctypes
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.backends._registry import RUNTIMES
from fashionsdk.backends.onnxruntime._placement import check_placement
from fashionsdk.backends.onnxruntime._sessions import gpu_session_options, only_exceptions, open_session
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError

NAME = "onnxruntime-rtx"
OLDEST = (1, 24)  # of ONNX Runtime, for the plugin's wheels
SMALLEST, USUAL, LARGEST = 1, 32, 256  # batches that the kernels are compiled for
_CARDS = "RTX cards of compute capability 8.6, 8.9, 12.0 or later"


class RtxSession:
    """A session of the plugin. Batches beyond the largest run one after the other."""

    def __init__(self, session: Any) -> None:
        self._session: Any = session

    def run(self, names: Sequence[str], feed: Mapping[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Compute the outputs ``names``, and no others."""
        images = feed["images"]
        parts = [self._session.run(names, {"images": images[part]}) for part in slices(len(images), LARGEST)]
        return parts[0] if len(parts) == 1 else [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def close(self) -> None:
        """Free the session; no call may run."""
        self._session = None


def open_rtx_session(
    runtime: Any, bundle: Bundle, number: int, precision: str | None, threads: int | None
) -> tuple[RtxSession, str]:
    """Load a graph on an RTX card.

    Returns:
        the session and the plugin's version.

    Raises:
        BackendError: the plugin is missing, needs a newer ONNX Runtime or does not load, it knows no such card here, it
            does not compute this precision, or it computes less than the whole graph.
        BundleError: the graph is not what the manifest says.
    """
    device = f"cuda:{number}"
    check_half(bundle, precision)
    check_version(runtime)
    plugin = _import_plugin()
    card = rtx_card(runtime, plugin, number)
    options = gpu_session_options(runtime, threads)
    options.add_provider_for_devices([card], profile(bundle))
    provider = plugin.get_ep_name()

    def start(path: str, options: Any) -> Any:
        return runtime.InferenceSession(path, options, enable_fallback=0)

    session = open_session(runtime, bundle, precision, options, device, provider, start)
    check_placement(session, provider, device)
    return RtxSession(session), plugin.__version__


def check_half(bundle: Bundle, precision: str | None) -> None:
    """Check that the plugin computes a precision as it is asked for.

    It has no option against TF32, with which a float32 graph would have 10 bits of mantissa, and it would read int8
    graphs for CPUs wrongly: their activations are uint8 with a zero point (docs/decisions/engines.md).

    Raises:
        BackendError: it does not.
    """
    if (name := bundle.graph(precision).precision) != "fp16":
        raise BackendError(
            f"precision {name!r} was asked for, which is that of the bundle's first graph if none is named; {NAME} "
            "computes 'fp16' alone: export the bundle with --precision fp32 fp16 and name precision='fp16', or choose "
            "runtime='onnxruntime'"
        )


def check_version(runtime: Any) -> None:
    """Check that ONNX Runtime takes the plugin.

    Raises:
        BackendError: it is too old.
    """
    version = tuple(int(part) for part in re.findall(r"\d+", runtime.__version__)[:2])
    if version < OLDEST:
        raise BackendError(
            f"{NAME} needs onnxruntime {OLDEST[0]}.{OLDEST[1]} or later, this is {runtime.__version__}: "
            f"{RUNTIMES[NAME].installation}"
        )


def profile(bundle: Bundle) -> dict[str, str]:
    """Return the plugin's options: for which batches it compiles kernels, once, when the session starts."""
    height, width, channels = bundle.manifest.preprocessing.shape
    sizes = {"min": SMALLEST, "opt": USUAL, "max": LARGEST}
    return {f"nv_profile_{end}_shapes": f"images:{size}x{height}x{width}x{channels}" for end, size in sizes.items()}


def rtx_card(runtime: Any, plugin: Any, number: int) -> Any:
    """Register the plugin, once in a process, and return an RTX card as ONNX Runtime names it.

    Raises:
        BackendError: the plugin does not load, or knows no such card.
    """
    cards = _cards(runtime, plugin)
    if not cards:
        _register(runtime, plugin)
        cards = _cards(runtime, plugin)
    if number not in cards:
        known = ", ".join(f"cuda:{one}" for one in cards) or "none"
        raise BackendError(
            f"cuda:{number} was asked for; {NAME} runs on {_CARDS}, and of these it finds here: {known}. "
            "Check the card and the driver with nvidia-smi, or choose runtime='onnxruntime'"
        )
    return cards[number]


def _cards(runtime: Any, plugin: Any) -> dict[int, Any]:
    """Return the cards that ONNX Runtime has of the plugin, by their number."""
    cards = [device for device in runtime.get_ep_devices() if device.ep_name == plugin.get_ep_name()]
    return {int(card.ep_options.get("device_id", index)): card for index, card in enumerate(cards)}


def _register(runtime: Any, plugin: Any) -> None:
    try:
        library = plugin.get_library_path()
        _load_cuda(Path(library).parent)
        with only_exceptions(runtime):
            runtime.register_execution_provider_library(plugin.get_ep_name(), library)
    except Exception as error:  # the runtime's exceptions have no common base but this
        if "already registered" in str(error):
            return
        reason = str(error).rpartition("with error: ")[2]
        raise BackendError(
            f"{NAME} does not load: {reason}; check with nvidia-smi that a driver for CUDA is installed, "
            "or choose runtime='onnxruntime'"
        ) from error


def _load_cuda(folder: Path) -> None:
    """Load the CUDA runtime that lies in the wheel: version 0.5.0 has it under a name that the loader does not find."""
    for library in sorted(folder.glob("libcudart.so.*")):
        ctypes.CDLL(str(library))


def _import_plugin() -> Any:
    try:
        import onnxruntime_ep_nv_tensorrt_rtx as plugin
    except ImportError as error:
        raise RUNTIMES[NAME].missing(error) from error
    return plugin
