"""An engine's inputs and outputs, and the batches that it was built for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fashionsdk.backends._signature import check_signature, output_shapes
from fashionsdk.bundle import Bundle, EngineInfo
from fashionsdk.errors import BundleError

if TYPE_CHECKING:
    import tensorrt as trt

_NUMPY_TYPES = {"UINT8": "uint8", "FLOAT": "float32"}


def tensor_shapes(bundle: Bundle) -> dict[str, tuple[int, ...]]:
    """Return the shape of each of an engine's tensors, without the batch."""
    return {"images": bundle.manifest.preprocessing.shape, **output_shapes(bundle.manifest)}


def describe(engine: "trt.ICudaEngine") -> tuple[dict[str, tuple[str, list[int | None]]], list[int]]:
    """Return the type and the shape of each of an engine's tensors, and its smallest, best and largest batch."""
    tensors: dict[str, tuple[str, list[int | None]]] = {}
    for index in range(engine.num_io_tensors):
        name = engine.get_tensor_name(index)
        kind: Any = engine.get_tensor_dtype(name)
        shape = [None if length < 0 else length for length in numbers(engine.get_tensor_shape(name))]
        tensors[name] = (_NUMPY_TYPES.get(kind.name, kind.name), shape)
    profile = engine.get_tensor_profile_shape("images", 0) if "images" in tensors else []
    return tensors, [numbers(shape)[0] for shape in profile]


def check_tensors(bundle: Bundle, tensors: Mapping[str, tuple[str, Sequence[int | None]]]) -> None:
    """Check the types and shapes of an engine's tensors, and that there are no others, since each needs memory.

    Raises:
        BundleError: they are not what the manifest says.
    """
    check_signature(bundle, tensors)
    if unknown := tensors.keys() - tensor_shapes(bundle).keys():
        raise BundleError(
            f"{bundle.path}: the engine also has {', '.join(sorted(unknown))}; "
            f"expected {', '.join(tensor_shapes(bundle))} alone: build it again with export/build_engine.py"
        )


def check_batches(bundle: Bundle, info: EngineInfo, batches: list[int]) -> None:
    """Check the smallest, best and largest batch of an engine's profile.

    Raises:
        BundleError: they are not what the manifest says.
    """
    if batches != (expected := [info.min_batch, info.opt_batch, info.max_batch]):
        raise BundleError(
            f"{bundle.path / info.file} was built for batches of {batches}; expected {expected} "
            "(smallest, best, largest): build it again with export/build_engine.py"
        )


def numbers(dims: "trt.Dims") -> list[int]:
    """Return a shape as a list."""
    return [dims[index] for index in range(len(dims))]
