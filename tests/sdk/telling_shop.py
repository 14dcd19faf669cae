"""What tests of the service and of its client stand on: a bundle that tells values apart, photos, a gallery of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fashionsdk import Embedder, Matcher
from fashionsdk.bundle import Bundle, Manifest, Reference
from fashionsdk.search import bundle_contract
from fashionsdk.values import Posterior


def telling_bundle(out: Path, manifest: Manifest, reference: Reference, graph_file: Path) -> Path:
    """Write the tiny bundle, with its vectors' first numbers read as roots of probabilities."""
    places = {"neckline": Posterior(0, 1.0), "sleeve": Posterior(2, 2.0)}
    telling = replace(manifest, model=replace(manifest.model, posteriors=places))
    return Bundle.write(out, manifest=telling, graphs={"model.fp32.onnx": graph_file}, reference=reference).path


def draw_photos(folder: Path, keys: Sequence[str]) -> Path:
    """Draw a photo for each key, some of them in the folder's folder ``deep``."""
    (folder / "deep").mkdir()
    rng = np.random.default_rng(7)
    for key in keys:
        cells = rng.integers(0, 256, (4, 3, 3), dtype=np.uint8)
        Image.fromarray(cells).resize((60, 80), Image.Resampling.NEAREST).save(folder / key)
    return folder


def fill_gallery(
    folder: Path, bundle: Path, images: Path, keys: Sequence[str], entries: Sequence[dict[str, Any]]
) -> Path:
    """Make a gallery in a folder, of photos and their metadata."""
    with Embedder(bundle) as embedder:
        contract = bundle_contract(embedder.bundle, "fp32")
        embeddings = embedder.embed([images / key for key in keys])
    with Matcher.open(f"{folder}/", contract=contract, create=True) as matcher:
        matcher.add(list(keys), embeddings, list(entries))
    return folder
