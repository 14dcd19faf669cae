"""Which of a bundle's engines Triton's TensorRT loads: those of one library version, one for each kind of GPU."""

from collections.abc import Sequence

from fashionsdk.bundle import Bundle, EngineInfo, Precision
from fashionsdk_export.errors import ExportError


def loadable_engines(bundle: Bundle, precision: Precision, library_version: str | None) -> list[EngineInfo]:
    """Return the engines of a precision; ``library_version`` chooses among those of several TensorRT versions.

    Raises:
        ExportError: there are none, or of several versions and none was chosen, or one takes no single photo.
    """
    engines = [each for each in bundle.manifest.engines if each.kind == "tensorrt" and each.precision == precision]
    chosen = [each for each in engines if library_version in (None, each.library_version)]
    versions = sorted({each.library_version for each in chosen})
    if not chosen:
        raise ExportError(
            f"{bundle.path} has {_described(bundle.manifest.engines)}; expected one that Triton loads, "
            f"{' '.join(filter(None, ['tensorrt', library_version, precision]))}: on the GPU that serves, add it with "
            f"export/build_engine.py {bundle.path} --out {bundle.path} --overwrite --engine tensorrt "
            f"--precision {precision}"
        )
    if len(versions) > 1:
        raise ExportError(
            f"{bundle.path} has engines of TensorRT {' and '.join(versions)}, and a server loads those of its own "
            f"version; choose one, such as --tensorrt-version {versions[-1]}"
        )
    if (least := max(each.min_batch for each in chosen)) > 1:
        raise ExportError(
            f"an engine of {bundle.path} takes batches of {least} photos or more, and a server's batch may have one; "
            "build it again with --min-batch 1"
        )
    return chosen


def _described(engines: Sequence[EngineInfo]) -> str:
    return ", ".join(f"{each.kind} {each.library_version} {each.precision}" for each in engines) or "no engine"
