"""The bundle: a model as it is deployed, in one folder. ``docs/bundle-format.md`` is the contract.

This package alone reads and writes a bundle's manifest: the export writes through :meth:`Bundle.write`,
everyone else reads through :meth:`Bundle.open`.
"""

from fashionsdk.bundle.bundle import Bundle
from fashionsdk.bundle.manifest import (
    FORMAT_VERSION,
    EngineInfo,
    EngineKind,
    FileInfo,
    GraphInfo,
    Manifest,
    ModelInfo,
    Precision,
)
from fashionsdk.bundle.reference import Reference

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "EngineInfo",
    "EngineKind",
    "FileInfo",
    "GraphInfo",
    "Manifest",
    "ModelInfo",
    "Precision",
    "Reference",
]
