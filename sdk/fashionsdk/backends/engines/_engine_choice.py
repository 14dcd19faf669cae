"""Which of a bundle's engines runs here: one of this library version, and of this GPU's architecture or this CPU's."""

from typing import TYPE_CHECKING

from fashionsdk.backends._registry import RUNTIMES, DeviceKind, engine_build
from fashionsdk.backends.engines._processor import missing_features
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle, EngineInfo, EngineKind


def engines_of(
    bundle: "Bundle", kind: "EngineKind", precision: str | None, device: DeviceKind = "cuda"
) -> "list[EngineInfo]":
    """Return the bundle's engines of a kind and a precision for a kind of device, in their order.

    Raises:
        BackendError: it has none.
    """
    engines = bundle.manifest.engines
    of_kind = [engine for engine in engines if engine.kind == kind and engine.device == device]
    fitting = [engine for engine in of_kind if precision in (None, engine.precision)]
    if not fitting:
        has = ", ".join(map(_title, engines)) or "no engine at all"
        place = f" for {device}" if len(RUNTIMES[kind].devices) > 1 else ""
        missing = f"{kind} engine{place}" if precision is None else f"{kind} engine{place} of precision {precision}"
        raise BackendError(
            f"{bundle.path} has no {missing}, it has {has}; build one: "
            f"{build_command(bundle, kind, precision, device=device)}"
        )
    return fitting


def choose_engine(
    bundle: "Bundle",
    kind: "EngineKind",
    precision: str | None,
    version: str,
    capability: str | None,
) -> "EngineInfo":
    """Return the first engine that this library version and this GPU, or this CPU, can run.

    Args:
        bundle: the bundle.
        kind: which library.
        precision: ``None`` for any.
        version: the library's.
        capability: the GPU's compute capability, such as ``"8.9"``; ``None`` for an engine for the CPU.

    Raises:
        BackendError: there is none; the message gives the reason for each, and the command that builds one.
    """
    device: DeviceKind = "cpu" if capability is None else "cuda"
    reasons = []
    for engine in engines_of(bundle, kind, precision, device):
        if (reason := mismatch(engine, version, capability)) is None:
            return engine
        reasons.append(f"{engine.file} was built {reason}")
    command = build_command(bundle, kind, precision, capability, device=device)
    raise BackendError(f"{bundle.path}: {'; '.join(reasons)}: build it again: {command}")


def mismatch(engine: "EngineInfo", version: str, capability: str | None) -> str | None:
    """Say what an engine was built for, or return ``None`` if it was built for this version and processor."""
    if engine.library_version != version:
        return f"with {RUNTIMES[engine.kind].title} {engine.library_version}, this is {version}"
    if engine.device == "cpu":
        missing = missing_features(engine.compute_capability)
        return f"for {engine.compute_capability}, this CPU lacks {', '.join(missing)}" if missing else None
    if capability not in engine.compute_capability.split(","):  # TensorRT for RTX may list several
        return f"for compute capability {engine.compute_capability}, this GPU has {capability}"
    return None


def build_command(
    bundle: "Bundle",
    kind: "EngineKind",
    precision: str | None,
    capability: str | None = None,
    device: DeviceKind = "cuda",
) -> str:
    """Return the command that gives the bundle an engine of a kind."""
    command = f"python export/build_engine.py {bundle.path} --out {bundle.path} --overwrite --engine {kind}"
    if len(RUNTIMES[kind].devices) > 1:
        command += f" --device {device}"
    if precision is not None:
        command += f" --precision {precision}"
    names_gpu = engine_build(kind).cross_compiles
    return f"{command} --compute-capability {capability or 'X.Y'}" if names_gpu else command


def _title(engine: "EngineInfo") -> str:
    place = f" for {engine.device}" if len(RUNTIMES[engine.kind].devices) > 1 else ""
    return f"{engine.kind} {engine.precision}{place}"
