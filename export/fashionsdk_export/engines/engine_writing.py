"""Write a bundle with more engines."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk.bundle import REFERENCE_FILE, Bundle, EngineInfo, Manifest


def write_engines(
    bundle: Bundle,
    out: str | Path,
    built: Mapping[EngineInfo, bytes],
    *,
    extra: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Bundle:
    """Write ``bundle`` and engines to the folder ``out``; engines are sorted by kind, then by file.

    Args:
        bundle: the bundle; its engines stay, but for those whose file is built anew.
        out: the folder to make; the bundle's own with ``overwrite``.
        built: the content of each engine's file.
        extra: the manifest's ``extra``; ``None`` for the bundle's.
        overwrite: whether a bundle at ``out`` may be replaced.

    Raises:
        BundleError: ``out`` exists and may not be replaced, or cannot be written.
    """
    manifest = bundle.manifest
    files = {name: bundle.path / name for name in manifest.files if name != REFERENCE_FILE}
    with scratch_folder() as folder:
        for number, (info, data) in enumerate(built.items()):
            files[info.file] = folder / str(number)
            files[info.file].write_bytes(data)
        return Bundle.write(
            out,
            manifest=replace(
                manifest,
                engines=_merge(manifest, built),
                files={},
                extra=manifest.extra if extra is None else extra,
            ),
            graphs=files,
            reference=bundle.reference(),
            overwrite=overwrite,
        )


def _merge(manifest: Manifest, new: Iterable[EngineInfo]) -> tuple[EngineInfo, ...]:
    engines = {info.file: info for info in (*manifest.engines, *new)}
    return tuple(sorted(engines.values(), key=lambda info: (info.kind, info.file)))
