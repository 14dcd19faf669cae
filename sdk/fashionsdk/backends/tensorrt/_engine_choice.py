"""Which of a bundle's engines runs here: one of this library version and GPU architecture."""

from fashionsdk.backends._registry import RUNTIMES, engine_build
from fashionsdk.bundle import Bundle, EngineInfo, EngineKind
from fashionsdk.errors import BackendError


def engines_of(bundle: Bundle, kind: EngineKind, precision: str | None) -> list[EngineInfo]:
    """Return the bundle's engines of a kind and a precision, in their order.

    Raises:
        BackendError: it has none.
    """
    engines = bundle.manifest.engines
    fitting = [engine for engine in engines if engine.kind == kind and precision in (None, engine.precision)]
    if not fitting:
        has = ", ".join(f"{engine.kind} {engine.precision}" for engine in engines) or "no engine at all"
        missing = f"{kind} engine" if precision is None else f"{kind} engine of precision {precision}"
        raise BackendError(
            f"{bundle.path} has no {missing}, it has {has}; build one: {build_command(bundle, kind, precision)}"
        )
    return fitting


def choose_engine(bundle: Bundle, kind: EngineKind, precision: str | None, version: str, capability: str) -> EngineInfo:
    """Return the first engine that this library version and this GPU can run.

    Args:
        bundle: the bundle.
        kind: which library.
        precision: ``None`` for any.
        version: the library's.
        capability: the GPU's compute capability, such as ``"8.9"``.

    Raises:
        BackendError: there is none; the message gives the reason for each, and the command that builds one.
    """
    engines = engines_of(bundle, kind, precision)
    reasons = []
    for engine in engines:
        if (reason := mismatch(engine, version, capability)) is None:
            return engine
        reasons.append(f"{engine.file} was built {reason}")
    raise BackendError(
        f"{bundle.path}: {'; '.join(reasons)}: build it again: {build_command(bundle, kind, precision, capability)}"
    )


def mismatch(engine: EngineInfo, version: str, capability: str) -> str | None:
    """Say what an engine was built for, or return ``None`` if it was built for this version and GPU."""
    if engine.library_version != version:
        return f"with {RUNTIMES[engine.kind].title} {engine.library_version}, this is {version}"
    if capability not in engine.compute_capability.split(","):  # TensorRT for RTX may list several
        return f"for compute capability {engine.compute_capability}, this GPU has {capability}"
    return None


def build_command(bundle: Bundle, kind: EngineKind, precision: str | None, capability: str | None = None) -> str:
    """Return the command that gives the bundle an engine of a kind."""
    command = f"python export/build_engine.py {bundle.path} --out {bundle.path} --overwrite --engine {kind}"
    if precision is not None:
        command += f" --precision {precision}"
    names_gpu = engine_build(kind).cross_compiles
    return f"{command} --compute-capability {capability or 'X.Y'}" if names_gpu else command
