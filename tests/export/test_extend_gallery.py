"""A gallery gets the vectors of an attribute that its model learnt later; the others stay bit for bit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fashionsdk import Embedder, Matcher
from fashionsdk.attributes import Attribute
from fashionsdk.cli import main as sdk
from fashionsdk.photos import Preprocessing
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.checkpoint import Checkpoint
from tests.training.adding.test_new_attribute import with_random_attribute
from tests.training.conftest import SIDE, SYSTEMS, trained_like, with_values


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A network's bundle, and that of the same network with another attribute."""
    config = with_values(SYSTEMS["cam"], 2)
    attributes = (Attribute("colour", ("red", "green")), Attribute("stripes", ("across", "along", "none")))
    before = Checkpoint(config, Preprocessing(SIDE), attributes, trained_like(config, 2).state_dict())
    folder = tmp_path_factory.mktemp("bundles")
    build_bundle(before, folder / "before")
    build_bundle(with_random_attribute(before, "lapel"), folder / "after")
    return folder / "before", folder / "after"


@pytest.fixture
def photos(table, tmp_path, monkeypatch):
    """Six photos in a folder that keys are relative to."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for index in range(6):
        shutil.copy(table.parent / f"{index}.png", f"photos/{index}.png")
    return [f"photos/{index}.png" for index in range(6)]


def answer(capsys, *argv):
    capsys.readouterr()
    assert sdk([*map(str, argv), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("codec", ["float32", "int8"])
def test_old_vectors_stay_and_new_ones_are_those_of_the_photos(bundles, photos, capsys, codec):
    before, after = bundles
    answer(capsys, "gallery", "add", "old/", "--bundle", before, "photos", "--codec", codec)
    Path("photos/2.png").unlink()
    argv = ("gallery", "extend", "old/", "new/", "--bundle", after)
    found = answer(capsys, *argv)
    assert (found["attributes"], found["written"], found["lacking"]) == (["lapel"], 6, ["photos/2.png"])
    assert answer(capsys, *argv)["written"] == 0
    with Matcher.open("old/") as old, Matcher.open("new/") as new, Embedder(after) as embedder:
        assert new.model == embedder.model
        assert new.contract.codec == codec
        for one, other in zip(old.items(), new.items(), strict=True):
            assert (one.key, one.metadata) == (other.key, other.metadata)
            for name in ("colour", "stripes"):
                assert one.embeddings[name].tobytes() == other.embeddings[name].tobytes()
            if other.key == "photos/2.png":
                assert other.lacks == {"lapel"}
            else:
                expected = embedder.embed(other.key)["lapel"]
                np.testing.assert_allclose(other.embeddings["lapel"], expected, atol=0.02 if codec == "int8" else 1e-5)
    shown = answer(capsys, "search", after, "new/", "photos/0.png", "--by", "lapel", "-k", 5)
    assert shown["matches"][0]["key"] == "photos/0.png"


def test_a_model_that_is_not_the_gallerys_with_more_is_refused(bundles, photos, capsys):
    before, after = bundles
    answer(capsys, "gallery", "add", "old/", "--bundle", after, "photos")
    assert sdk(["gallery", "extend", "old/", "new/", "--bundle", str(before)]) == 1
    assert "is not that model with attributes added" in capsys.readouterr().err
    assert sdk(["gallery", "extend", "old/", "old/", "--bundle", str(after)]) == 1
    assert "is given twice" in capsys.readouterr().err
