"""PyTorch's module, the loader of its compiled packages, and its number of threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk._tools.quiet_log import only_errors
from fashionsdk.backends._registry import RUNTIMES

GRAPH_KEY = "fashionsdk_graph"  # of a package's metadata: the SHA-256 of the graph that it was compiled from


def import_runtime() -> Any:
    """Return the module ``torch``.

    Raises:
        BackendError: it is not installed.
    """
    try:
        import torch
        import torch._inductor
    except ImportError as error:
        raise RUNTIMES["aotinductor"].missing(error) from error
    return torch


def load_package(torch: Any, data: bytes, number: int = -1) -> Any:
    """Load a compiled package and return it, a function of tensors.

    The bytes are written to a folder of this process alone: the loader takes a path, and what it opens must be what
    was compared with the manifest.

    Args:
        torch: the module ``torch``.
        data: the package.
        number: the CUDA device; -1 for a package for the CPU.
    """
    # What the loader imports reports CUDA's compiler without a GPU, and uses neither.
    with scratch_folder() as folder, only_errors("torch.utils.cpp_extension"):
        path = folder / "engine.pt2"
        path.write_bytes(data)
        # On CUDA without the loader's synchronisation, so that calls can be recorded; the callers take turns anyway.
        return torch._inductor.aoti_load_package(str(path), run_single_threaded=True, device_index=number)


@contextmanager
def threads(torch: Any, count: int) -> Iterator[None]:
    """Compute with this many threads in the block. PyTorch's number is the process's, so it is set back."""
    before = torch.get_num_threads()
    if before == count:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
