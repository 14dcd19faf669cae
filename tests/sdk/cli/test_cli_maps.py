"""``fashionsdk map``: which photos are drawn, where, and with what."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.embedding._embedder import Embedder
from fashionsdk.errors import FashionSDKError
from fashionsdk.labels import read_labels
from fashionsdk.report import draw_maps, render_maps, sample_labels, thumbnail
from fashionsdk.report._report_types import EmbeddingMap
from fashionsdk.report._tsne import tsne


@pytest.fixture
def labelled(tmp_path, monkeypatch) -> Path:
    """Twelve photos; all have a colour, nine a neckline, three a sleeve."""
    folder, random = tmp_path / "labelled", np.random.default_rng(7)
    folder.mkdir()
    rows = ["image,split,colour,neckline,sleeve"]
    for index in range(12):
        pixels = random.integers(0, 256, (20, 26, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
        neckline, sleeve = ("v" if index < 9 else ""), ("long" if index < 3 else "")
        rows.append(f"{index}.png,valid,{('red', 'blue')[index % 2]},{neckline},{sleeve}")
    (folder / "labels.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.slow
def test_a_sample_holds_labelled_photos_and_at_most_the_given_number(labelled):
    labels = read_labels(labelled, "valid")
    whole, part = sample_labels(labels), sample_labels(labels, 5)
    assert whole["colour"] == {index: ("red", "blue")[index % 2] for index in range(12)}
    assert whole["neckline"] == dict.fromkeys(range(9), "v")
    assert [len(drawn) for drawn in part.values()] == [5, 5, 3]
    assert all(part[name].items() <= whole[name].items() for name in whole)
    assert part == sample_labels(labels, 5)
    with pytest.raises(ValueError, match="points is 0"):
        sample_labels(labels, 0)


def test_points_are_the_plane_of_each_attributes_vectors(labelled, bundle):
    embedder, labels = Embedder(bundle.path, device="cpu"), read_labels(labelled, "valid")
    embedded = ((index, embedder.embed([path])) for index, path in enumerate(labels.paths) if index != 4)
    maps = draw_maps(sample_labels(labels), embedded)
    assert list(maps) == ["colour", "neckline"]  # three sleeves are too few
    read = [path for index, path in enumerate(labels.paths) if index != 4]
    colour = np.concatenate([embedder.embed([path], "colour")["colour"] for path in read])
    np.testing.assert_array_equal(maps["colour"].points, tsne(colour, 0))
    assert maps["colour"].values == tuple(("red", "blue")[index % 2] for index in range(12) if index != 4)
    assert len(maps["neckline"].values) == 8


def test_the_page_has_a_point_for_each_photo(run, bundle, labelled):
    argv = ("map", bundle.path, "--data", "labelled", "--out", "map.html")
    status, out, err = run(*argv, "--json")
    assert (status, json.loads(out)["points"]) == (0, {"colour": 12, "neckline": 9})
    assert "too few labelled photos for a map of sleeve" in err
    page = Path("map.html").read_text()
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["colour", "neckline"]
    assert page.count('r="3.6"') == 12 + 9
    assert page.count("<title>red</title>") == 6
    assert "<image" not in page


def test_thumbnails_are_the_photos_themselves(run, bundle, labelled):
    argv = ("map", bundle.path, "--data", "labelled", "--attribute", "colour", "--out", "map.html", "--thumbnails")
    assert run(*argv)[0] == 0
    page, embedder = Path("map.html").read_text(), Embedder(bundle.path)
    shown = re.findall(r'<title>(\w+)</title><rect [^>]*></rect><image href="([^"]*)"', page)
    expected = [
        (("red", "blue")[index % 2], thumbnail(embedder.preprocessing(Image.open(labelled / f"{index}.png"))))
        for index in range(12)
    ]
    assert shown == expected


def test_points_bound_what_is_embedded(run, bundle, labelled):
    argv = ("map", bundle.path, "--data", "labelled", "--attribute", "colour", "--out", "map.html", "--points", 9)
    answer = json.loads(run(*argv, "--json")[1])
    assert (answer["points"], answer["photos"]) == ({"colour": 9}, 9)


def test_nothing_to_draw_is_an_error(run, bundle, labelled):
    status, _, err = run("map", bundle.path, "--data", "labelled", "--attribute", "sleeve", "--out", "map.html")
    assert (status, Path("map.html").exists()) == (1, False)
    assert "too few labelled photos for a map of sleeve; expected 8 or more" in err.splitlines()[-1]
    assert run("map", bundle.path, "--data", "labelled", "--attribute", "hem", "--out", "map.html")[0] == 2


def test_an_attribute_that_the_model_lacks_is_rejected(run, bundle, labelled):
    table = labelled / "labels.csv"
    table.write_text(table.read_text().replace("neckline", "hem"))
    status, _, err = run("map", bundle.path, "--data", "labelled", "--out", "map.html")
    assert (status, "unknown attribute 'hem'" in err) == (2, True)


def test_without_scikit_learn_nothing_is_embedded(labelled, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(FashionSDKError, match=r"fashionsdk\[report\]"):
        sample_labels(read_labels(labelled, "valid"))


def test_names_are_escaped():
    hostile = "<script>&"
    drawn = EmbeddingMap(np.zeros((1, 2)), (hostile,), ("data:image/jpeg;base64,",))
    page = render_maps({hostile: drawn}, {hostile: hostile}, 0)
    assert "<script" not in page
    assert page.count("&lt;script&gt;&amp;") == 5  # heading, point, legend, fact and its name
