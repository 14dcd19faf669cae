"""Library calls write nothing to stdout and stderr; with ``progress=True`` they show bars."""

import pytest
import torch

from fashionsdk._tools import progress
from fashionsdk.bundle import Precision
from fashionsdk_export.parity import CalibrationPhotos
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_export.precision.lowering import GOALS
from fashionsdk_export.precision.precision_loss import Goal
from fashionsdk_training import garments
from fashionsdk_training.adding import add_attribute
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.data import load_training_data
from fashionsdk_training.loop import Trainer, evaluate_checkpoint
from fashionsdk_training.loop.distributed import Processes
from tests.training.conftest import SIDE, tiny_config

ALONE = Processes(0, 1, torch.device("cpu"))
BARS = (
    *("decoding photos", "epoch 2/2", "encoding photos", "drawing garments", "reading photos"),
    *("int8: activation ranges", "int8: cost of each part"),
)


@pytest.fixture(autouse=True)
def bars_at_once(monkeypatch):
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0)


def use_everything(table, folder, **options):
    """Train two epochs, evaluate, add an attribute, export and draw garments."""
    data = load_training_data(table, SIDE, 36, folder / "photos", attributes=["colour"], **options)
    Trainer(tiny_config(epochs=2), data, folder / "run", ALONE, **options).fit()
    best = folder / "run" / "best"
    evaluate_checkpoint(best, table, "valid", attributes=["colour"], device="cpu", **options)
    extended = add_attribute(Checkpoint.load(best), table, "stripes", photos_per_value=5, device="cpu", **options)
    photos = CalibrationPhotos.from_table(table)
    precisions: tuple[Precision, ...] = ("fp32", "int8")
    build_bundle(extended, folder / "bundle", precisions=precisions, photos=photos, map_loss=100, **options)
    garments.write_table(folder / "garments", train=2, valid=1, side=32, **options)


@pytest.fixture
def some_parts_stay_float(monkeypatch):
    """Let no graph be good enough, so that the search measures each part, and accept the result."""
    monkeypatch.setitem(GOALS, "int8", Goal(-1.0, 0.0))
    monkeypatch.setattr("fashionsdk_export.precision.lowering._check", lambda *_: None)
    monkeypatch.setattr("fashionsdk_export.graph.reference_answers.REFERENCE_IMAGES", 4)


@pytest.mark.usefixtures("some_parts_stay_float", "networks_traced_before")
@pytest.mark.parametrize("shown", [False, True])
def test_library_calls_show_progress_only_on_request(table, tmp_path, capfd, shown):
    use_everything(table, tmp_path, **({"progress": True} if shown else {}))
    out, error = capfd.readouterr()
    assert out == ""
    if shown:
        assert [bar for bar in BARS if bar not in error] == []
    else:
        assert error == ""
