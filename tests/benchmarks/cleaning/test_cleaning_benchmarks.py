"""What the benchmarks of label tables plant, and how they count what was found."""

import io
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from fashionsdk_training.cleaning.copies import NearCopy
from fashionsdk_training.cleaning.suspects import Suspect
from tests.benchmarks.conftest import Load


@pytest.fixture
def copies(load: Load) -> ModuleType:
    return load("cleaning.near_copies")


@pytest.fixture
def suspects(load: Load) -> ModuleType:
    return load("cleaning.suspects")


def pair(first, second):
    return NearCopy(first, second, mirrored=False, structure=1.0, colour=0.0)


def test_pairs_are_right_if_both_show_the_originals_picture(copies):
    originals, kinds = np.array([0, 1, 2]), ["resized", "cropped", "cropped"]  # photos 4, 5 and 6
    pairs = [pair(0, 4), pair(0, 3), pair(3, 4), pair(3, 5), pair(5, 6)]  # photos 0 and 3 are one picture
    rows, own = copies.measure(pairs, 4, originals, kinds)
    assert own == [pairs[1]]
    by_kind = {name: cells for name, *cells in rows}
    assert by_kind["resized"] == ["1", "1.000", "2", "1.0000"]
    assert by_kind["cropped"] == ["2", "0.000", "2", "0.0000"]
    assert by_kind["all"] == ["3", "0.333", "4", "0.5000"]


def test_kinds_without_any_copy_have_no_recall(copies):
    rows, _ = copies.measure([], 1, np.array([0]), ["resized"])
    assert rows[0] == ("resized", "1", "0.000", "0", "nan")
    assert rows[1] == ("saved again", "0", "nan", "0", "nan")


@pytest.mark.parametrize("seed", range(5))
def test_planted_copies_are_as_they_are_called(copies, seed):
    image, rng = Image.effect_noise((200, 120), 60).convert("RGB"), np.random.default_rng(seed)
    resized, cropped = (Image.open(io.BytesIO(copies.planted(image, (change,), rng))) for change in ("size", "crop"))
    assert 0.5 <= resized.width / 200 <= 1.5
    assert resized.width / resized.height == pytest.approx(200 / 120, rel=0.02)
    assert 169 <= cropped.width <= 200
    assert 101 <= cropped.height <= 120
    mirrored = Image.open(io.BytesIO(copies.planted(image, ("mirror",), rng)))
    apart = np.asarray(mirrored, float)[:, ::-1] - np.asarray(image)
    assert np.abs(apart).mean() < 10


@pytest.mark.parametrize("seed", range(3))
def test_a_twentieth_of_the_labels_gets_another_value_of_its_attribute(suspects, seed):
    values = np.random.default_rng(9).integers(-1, 3, (200, 2))
    values[:, 1] = np.minimum(values[:, 1], 1)
    wrong = suspects.planted(values, [3, 2], seed)
    changed = wrong != values
    assert changed.sum() == round(0.05 * (values >= 0).sum())
    assert (values[changed] >= 0).all()
    assert (wrong[changed] >= 0).all()
    assert (wrong.max(axis=0) <= [2, 1]).all()


def test_correcting_suspects_puts_back_the_tables_labels(suspects):
    right, wrong = np.array([[0, 1], [1, -1], [2, 0]]), np.array([[1, 1], [1, -1], [2, 1]])
    looked_at = [Suspect(0, 0, 1, 0, 0.9), Suspect(1, 0, 1, 2, 0.8)]
    assert suspects.corrected(wrong, right, looked_at).tolist() == [[0, 1], [1, -1], [2, 1]]
