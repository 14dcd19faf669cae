"""``fashionsdk evaluate --against``: last week's photos beside the quality in a manifest."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.bundle import Bundle
from fashionsdk.embedding import Embedder
from fashionsdk.evaluation import scratch_vectors
from fashionsdk.evaluation.drift import EmbeddedSplit, measure_quality
from fashionsdk.labels import read_retrieval

PHOTOS, COLOURS = 120, {"red": (200, 40, 40), "blue": (40, 40, 200)}


def write_photos(folder: Path, seed: int, noise: float) -> Path:
    """Write photos of one colour each, and their table; noise moves their colours."""
    folder.mkdir()
    rng, rows = np.random.default_rng(seed), ["image,split,colour"]
    for i in range(PHOTOS):
        name = ("red", "blue")[i % 2]
        pixels = np.full((16, 16, 3), COLOURS[name]) + rng.normal(size=3) * noise + rng.normal(size=(16, 16, 3)) * 8
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{i}.png")
        rows.append(f"{i}.png,valid,{name}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture
def recorded(tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny bundle that records the quality of some photos, in the working folder."""
    monkeypatch.chdir(tmp_path)
    split = read_retrieval(write_photos(tmp_path / "before", 0, 60), "valid")
    embedder = Embedder(bundle, device="cpu")
    vectors = embedder.embed(split.sources).vectors
    with scratch_vectors([(np.arange(PHOTOS), vectors)], PHOTOS) as stored:
        quality = measure_quality(EmbeddedSplit(split, stored, [each.name for each in embedder.attributes], None))
    graphs = (replace(bundle.manifest.graphs[0], quality=quality),)
    files = {graph.file: bundle.path / graph.file for graph in graphs}
    manifest = replace(bundle.manifest, graphs=graphs, files={})
    Bundle.write(tmp_path / "recorded", manifest=manifest, graphs=files, reference=bundle.reference())
    assert Bundle.open(tmp_path / "recorded").manifest.graphs[0].quality == quality
    return Path("recorded")


def test_photos_from_the_same_source_show_nothing_and_worse_ones_a_drop(run, bundle, recorded, tmp_path):
    write_photos(tmp_path / "same", 2, 60)
    write_photos(tmp_path / "worse", 3, 255)
    status, out, err = run("evaluate", recorded, "--data", "same", "--against", "--fail-on-drop")
    assert status == 0
    assert out.splitlines()[1].endswith("no difference can be shown")
    assert "against recorded: MAP in a gallery of 100 photos" in err
    status, out, _ = run("evaluate", bundle.path, "--data", "worse", "--against", recorded, "--fail-on-drop")
    assert status == 3
    assert out.splitlines()[1].endswith("dropped")
    status, out, _ = run("evaluate", bundle.path, "--data", "worse", "--against", recorded, "--json")
    answer = json.loads(out)
    assert (status, answer["against"], answer["photos"]) == (0, "recorded", PHOTOS)
    assert answer["drift"]["overall"]["verdict"] == "dropped"
    assert answer["overall"]["queries"] == PHOTOS // 5


def test_a_bundle_without_a_quality_says_how_to_export_it_again(run, bundle, shop):
    status, _, err = run("evaluate", bundle.path, "--data", "shop", "--against")
    assert status == 1
    assert "the manifest has no quality of the fp32 graph to compare with; export the checkpoint again with" in err


def test_failing_on_a_drop_needs_something_to_drop_below(run, bundle, shop):
    status, _, err = run("evaluate", bundle.path, "--data", "shop", "--fail-on-drop")
    assert status == 2
    assert "--fail-on-drop needs --against" in err
