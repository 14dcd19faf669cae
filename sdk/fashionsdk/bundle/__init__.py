"""The bundle: a model as it is deployed, in one folder. ``docs/bundle-format.md`` is the contract.

Only this package reads and writes a bundle's manifest: the export writes with `Bundle.write`, all others read
with `Bundle.open`.
"""

from fashionsdk.bundle._bundle import Bundle
from fashionsdk.bundle._file_names import MANIFEST_FILE, REFERENCE_FILE
from fashionsdk.bundle._manifest import FORMAT_VERSION, Manifest
from fashionsdk.bundle._manifest_parts import (
    EngineDevice,
    EngineInfo,
    EngineKind,
    EnginePrecision,
    FileInfo,
    GraphInfo,
    ModelInfo,
    Precision,
)
from fashionsdk.bundle._quality import Quality, ValueQuality
from fashionsdk.bundle._reference import Reference

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST_FILE",
    "REFERENCE_FILE",
    "Bundle",
    "EngineDevice",
    "EngineInfo",
    "EngineKind",
    "EnginePrecision",
    "FileInfo",
    "GraphInfo",
    "Manifest",
    "ModelInfo",
    "Precision",
    "Quality",
    "Reference",
    "ValueQuality",
]
