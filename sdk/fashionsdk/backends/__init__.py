"""Where a bundle's graph runs: the seam between the SDK and the inference runtimes."""

from fashionsdk.backends.base import Backend, BackendInfo
from fashionsdk.backends.onnxruntime import open_best, open_on
from fashionsdk.bundle import Bundle

__all__ = ["Backend", "BackendInfo", "open_backend"]


def open_backend(
    bundle: Bundle, device: str = "auto", precision: str | None = None, threads: int | None = None
) -> Backend:
    """Load a graph of the bundle and make it ready to run.

    Args:
        bundle: the bundle.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"``: CUDA if it loads, or else the CPU;
            ``info.reason`` says which and why.
        precision: ``"fp32"``, ``"fp16"``, ``"int8"``, or ``None`` for the bundle's default graph.
        threads: threads for the CPU's part of the work; ``None`` for as many as the process may use.

    Raises:
        BackendError: no runtime is installed, the device is not there, or the graph does not load on it.
        BundleError: the bundle has no graph of this precision, or the graph is not what the manifest says.
        ValueError: there is no such kind of device, or ``threads`` is below 1.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}; expected 1 or more, or None for as many as there are")
    if device == "auto":
        return open_best(bundle, precision, threads)
    return open_on(bundle, device, precision, threads, reason=f"device={device!r} was asked for")
