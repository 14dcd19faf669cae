"""Bundles with compact vectors: graph, manifest, predictions and galleries."""

import json

import numpy as np
import pytest
import torch

from fashionsdk import Bundle, Embedder, Matcher
from fashionsdk.attributes import Attribute
from fashionsdk.cli import main as sdk
from fashionsdk.errors import GalleryError
from fashionsdk.photos import Preprocessing
from fashionsdk_export.cli import build_engine_command as cli
from fashionsdk_export.parity import CalibrationPhotos
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.checkpoint import Checkpoint
from tests.training.conftest import SIDE, SYSTEMS, trained_like, with_values

pytestmark = pytest.mark.long  # two bundles, one of them found by a search

BYTES = 20
ROUNDING = 1e-6  # of float32 sums: photos whose scores are nearer than this may change places; 4e-8 seen


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """A CAM network of the table's attributes."""
    config = with_values(SYSTEMS["cam"], 2)  # two values, and three
    attributes = (Attribute("colour", ("red", "green")), Attribute("stripes", ("horizontal", "vertical", "none")))
    return Checkpoint(config, Preprocessing(SIDE), attributes, trained_like(config, 2).state_dict())


@pytest.fixture(scope="module")
def photos(table):
    return CalibrationPhotos.from_table(table)


@pytest.fixture(scope="module")
def full(checkpoint, photos, tmp_path_factory):
    return build_bundle(checkpoint, tmp_path_factory.mktemp("full") / "bundle", photos=photos)


@pytest.fixture(scope="module")
def small(checkpoint, photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("small") / "bundle"
    return build_bundle(checkpoint, out, precisions=("fp32", "int8"), photos=photos, map_loss=100, bytes_per_item=BYTES)


@pytest.fixture(scope="module")
def images(photos):
    return [str(path) for path in photos.paths[:12]]


def test_the_manifest_says_how_long_vectors_are_and_what_they_keep(small, full):
    manifest = Bundle.open(small.bundle.path).manifest
    assert list(manifest.model.dimensions) == ["colour", "stripes"]
    assert sum(manifest.model.dimensions.values()) <= BYTES
    assert max(manifest.model.dimensions.values()) == manifest.model.embedding_dimension
    assert manifest.model.codec == "int8"
    assert manifest.model.digest != full.bundle.manifest.model.digest
    figures = manifest.extra["compact"]
    assert (figures["bytes"], figures["bytes_per_item"]) == (sum(manifest.model.dimensions.values()), BYTES)
    assert figures["full_bytes"] == 2 * 4 * full.bundle.manifest.model.embedding_dimension
    assert set(figures["agreement"]) == {"colour", "stripes"}
    assert f"{figures['bytes']} bytes an item instead of {figures['full_bytes']}" in small.summary()


def test_values_are_told_apart_as_before(small, full, images):
    with Embedder(small.bundle.path) as short, Embedder(full.bundle.path) as whole:
        for name in ("colour", "stripes"):
            one, other = (each.embed(images).probabilities(name) for each in (short, whole))
            np.testing.assert_allclose(one, other, atol=1e-3)


def test_embeddings_have_the_lengths_that_the_manifest_says(small, images):
    with Embedder(small.bundle.path) as embedder:
        found = embedder.embed(images)
        assert found.dimensions == embedder.dimensions
        for name, length in embedder.dimensions.items():
            assert found[name].shape == (len(images), length)
            np.testing.assert_allclose(np.linalg.norm(found[name], axis=1), 1, atol=1e-3)
        assert found.select("stripes").dimensions == {"stripes": embedder.dimensions["stripes"]}


def test_a_gallery_takes_a_byte_a_number_and_answers_like_the_vectors(small, images, tmp_path, capsys):
    store = f"{tmp_path / 'shop'}/"
    assert sdk(["gallery", "add", store, "--bundle", str(small.bundle.path), *images]) == 0
    capsys.readouterr()
    assert sdk(["gallery", "info", store, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["codec"], found["attributes"]) == ("int8", dict(small.bundle.manifest.model.dimensions))
    argv = ["search", str(small.bundle.path), store, images[0], "--by", "colour=0.7", "--by", "stripes=0.3", "--json"]
    for precision in ("fp32", "int8"):  # the export has proved that both rank alike
        assert sdk([*argv, "--precision", precision]) == 0
        found = [match["key"] for match in json.loads(capsys.readouterr().out)["matches"]]
        with Embedder(small.bundle.path, precision=precision) as embedder, Matcher.open(store) as matcher:
            photo, weights = embedder.embed(images[0]), {"colour": 0.7, "stripes": 0.3}
            items = matcher.get(images[0]), *map(matcher.get, images[1:])
            scores = [
                sum(w * float(photo.questions(name)[0] @ item.embeddings[name][0]) for name, w in weights.items())
                for item in items
            ]
        got = [scores[images.index(key)] for key in found]
        np.testing.assert_allclose(got, sorted(scores, reverse=True)[:10], rtol=0, atol=ROUNDING)
    with Matcher.open(store) as matcher, Embedder(small.bundle.path) as embedder:
        item = matcher.get(images[3])
        expected = embedder.embed(images[3])
        assert item.embeddings.dimensions == expected.dimensions
        for name in expected.attributes:
            np.testing.assert_allclose(item.embeddings[name], expected[name], atol=0.01)
        assert matcher.search(item.embeddings, by={"stripes": 1.0}, k=1).keys == [[images[3]]]


def test_vectors_of_the_full_bundle_do_not_meet_compact_ones(small, full, images):
    with Embedder(small.bundle.path) as short, Embedder(full.bundle.path) as whole:
        matcher = Matcher(images, short.embed(images))
        with pytest.raises(GalleryError, match="embed both with the same bundle"):
            matcher.search(whole.embed(images[:1]), "colour")


@pytest.mark.usefixtures("networks_traced_before")
def test_a_network_without_probabilities_is_made_compact_too(run, photos, tmp_path):
    report = build_bundle(Checkpoint.load(run), tmp_path / "bundle", photos=photos, bytes_per_item=8)
    manifest = report.bundle.manifest
    assert not manifest.model.posteriors
    assert sum(manifest.model.dimensions.values()) <= 8
    image = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    with Embedder(report.bundle.path) as embedder, torch.inference_mode():
        found = embedder.embed(image)
    assert found.dimensions == manifest.model.dimensions


def test_the_command_line_needs_labelled_photos(run, tmp_path, capsys):
    argv = [str(run), "--out", str(tmp_path / "bundle"), "--bytes-per-item", "64"]
    assert cli.main(argv) == 2
    assert "--bytes-per-item was given without --data; expected both" in capsys.readouterr().err
