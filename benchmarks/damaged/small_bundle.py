"""A small real bundle, exported once into a folder."""

from pathlib import Path

from fashionsdk.bundle import Bundle
from fashionsdk_training.recipes import RECIPES

SIDE, ATTRIBUTES = 64, 3


def small_bundle(folder: Path) -> Bundle:
    """Return the bundle in ``folder``, made there if it is missing."""
    path = folder / "bundle"
    if not path.is_dir():
        from fashionsdk_export.pipeline import build_bundle  # PyTorch, which the processes that read do not need
        from inputs.make_bundle import random_checkpoint

        build_bundle(random_checkpoint(RECIPES["asen_v2_demo"](), ATTRIBUTES, SIDE), path)
    return Bundle.open(path)


def copy_with(bundle: Bundle, target: Path, manifest: bytes, graph: bytes | None = None) -> None:
    """Write a bundle that differs in its manifest, and in its graph if one is given."""
    target.mkdir(exist_ok=True)
    for file in bundle.path.iterdir():
        if file.is_file() and file.name != "manifest.json" and not (target / file.name).exists():
            (target / file.name).hardlink_to(file)
    if graph is not None:
        name = bundle.manifest.graphs[0].file
        (target / name).unlink(missing_ok=True)
        (target / name).write_bytes(graph)
    (target / "manifest.json").write_bytes(manifest)
