"""A label table of the shop's photos, with blank cells and suspects."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fashionsdk.labels import Correction, write_corrections
from fashionsdk.service import LabelSettings
from tests.sdk.service.conftest import COUNT, photo_name
from tests.sdk.service.in_process import InProcess

NECKLINES = ("round", "v", "")
SUSPECTS = (
    Correction(photo_name(3), "neckline", label="round", suggestion="v", doubt=0.9),
    Correction(photo_name(0), "neckline", label="round", suggestion="v", doubt=0.4),
)


@pytest.fixture
def files(tmp_path: Path, images: Path) -> LabelSettings:
    """The table, two suspects, and a file for decisions that is not there yet."""
    rows = ["image,split,neckline,fabric"]
    rows += [f"{images / photo_name(i)},train,{NECKLINES[i % 3]},{('silk', 'wool')[i % 2]}" for i in range(COUNT)]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    write_corrections(tmp_path / "suspects.csv", [replace(each, image=str(images / each.image)) for each in SUSPECTS])
    return LabelSettings(tmp_path / "labels.csv", tmp_path / "decided.csv", tmp_path / "suspects.csv")


@pytest.fixture
def labels(start: Callable[..., InProcess], files: LabelSettings) -> InProcess:
    """The service with labels to check."""
    return start(labels=files)
