"""A folder in the format of the CSN authors' Zappos50k triplets, small."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.labels import CSN_ATTRIBUTES


def write_triplets(
    folder: Path,
    images: list[str],
    lists: dict[str, list[NDArray[np.int64]]],
) -> Path:
    """Write ``filenames.json`` and, for each split, a list per attribute of rows anchor, far, close."""
    (folder / "tripletlists").mkdir(parents=True, exist_ok=True)
    (folder / "filenames.json").write_text("\n".join(images) + "\n")
    for split, blocks in lists.items():
        for name, rows in zip(CSN_ATTRIBUTES, blocks, strict=True):
            text = "".join(f"{a} {far} {close}\n" for a, far, close in rows.tolist())
            (folder / "tripletlists" / f"{name}_tripletlist_{split}.txt").write_text(text)
    return folder


def random_rows(images: int, count: int, seed: int) -> NDArray[np.int64]:
    """Return ``(count, 3)`` rows of three different images each."""
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(images, 3, replace=False) for _ in range(count)])
