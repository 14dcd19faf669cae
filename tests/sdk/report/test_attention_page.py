"""``fashionsdk attention``: every photo and attribute is on the page, with a ring where the peak is."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.embedding._embedder import Embedder
from fashionsdk.photos import Preprocessing
from fashionsdk.report import overlay_attention, render_attention
from fashionsdk.report._pictures import attention_overlay, picture
from tests.sdk.conftest import SIDE

HOSTILE = "<script>alert('x')</script>\"&"


class Figures(HTMLParser):
    """Collects each figure's picture and caption."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.figures: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.figures.append((dict(attrs)["src"], dict(attrs)["alt"]))


def decoded(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))), np.float64)


@pytest.mark.parametrize("cell", [(0, 0), (1, 3), (3, 2)])
def test_a_ring_marks_the_centre_of_the_largest_cell(cell):
    attention = np.full((4, 4), 0.5, np.float32)
    attention[cell] = 0.6
    pixels = np.full((160, 160, 3), 128, np.uint8)
    centre_y, centre_x = (np.array(cell) + 0.5) * 40
    seen = decoded(attention_overlay(pixels, attention))
    white = np.argwhere(seen.min(axis=2) > 200)
    distance = np.hypot(white[:, 0] + 0.5 - centre_y, white[:, 1] + 0.5 - centre_x)
    assert len(white) > 40
    assert abs(distance - 8).max() < 3  # a radius of 5 % of the side
    assert np.abs(white.mean(axis=0) + 0.5 - (centre_y, centre_x)).max() < 1


@pytest.mark.parametrize("size", [(300, 100), (90, 200), (120, 120), (1, 400)])
def test_a_padded_photo_is_drawn_whole_without_its_padding_and_its_ring_lies_at_the_peak(size):
    preprocessing = Preprocessing(160, fit="pad")
    pixels, placement = preprocessing.read_placed(Image.new("RGB", size, (128, 128, 128)))
    attention = np.full((4, 4), 0.5, np.float32)
    attention[1, 2] = 0.6
    plain, seen = decoded(picture(placement.cut(pixels))), decoded(attention_overlay(pixels, attention, placement))
    assert plain.shape == seen.shape
    assert seen.shape[:2][::-1] == placement.resized
    assert np.abs(plain - 128).max() < 8  # JPEG; padding is white
    if min(size) > 1:
        white = np.argwhere(seen.min(axis=2) > 200) + 0.5
        inside = white - (np.array([1.5, 2.5]) * 40 - placement.offset[::-1])  # from the ring's centre
        assert len(white) > 20
        assert abs(np.hypot(*inside.T) - 8).max() < 3


def test_a_peak_in_the_padding_lies_outside_the_picture():
    preprocessing = Preprocessing(160, fit="pad")
    pixels, placement = preprocessing.read_placed(Image.new("RGB", (40, 160), (128, 128, 128)))
    attention = np.zeros((4, 4), np.float32)
    attention[2, 0] = 1
    assert decoded(attention_overlay(pixels, attention, placement)).min(axis=2).max() < 200


def test_pages_of_a_bundle_that_pads_show_whole_photos(run, write_bundle, manifest, tmp_path):
    random, rows = np.random.default_rng(4), ["image,split,colour"]
    for index in range(12):
        Image.fromarray(random.integers(0, 256, (24, 18, 3), dtype=np.uint8)).save(tmp_path / f"{index}.png")
        rows.append(f"{index}.png,valid,{('red', 'blue')[index % 2]}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    bundle = write_bundle(manifest=replace(manifest, preprocessing=replace(manifest.preprocessing, fit="pad")))
    for command, pictures in (
        (("attention", tmp_path / "4.png"), 4),
        (("report", "--data", tmp_path), 4 * 8 + 3 * 4),
        (("map", "--data", tmp_path, "--thumbnails"), 12),
    ):
        page = tmp_path / f"{command[0]}.html"
        assert run(command[0], bundle.path, *command[1:], "--out", page)[0] == 0
        drawn = re.findall(r'"(data:image/jpeg[^"]*)"', page.read_text())
        assert len(drawn) >= pictures
        assert {decoded(address).shape for address in drawn} == {(SIDE, round(SIDE * 18 / 24), 3)}


def test_every_photo_and_attribute_is_on_the_page(run, bundle, shop):
    argv = ("attention", bundle.path, "shop/4.png", "shop/deep/3.png", "--out", "attention.html", "--device", "cpu")
    status, out, _ = run(*argv, "--json")
    answer = json.loads(out)
    assert (status, answer["out"], answer["photos"]) == (0, "attention.html", 2)
    assert answer["attributes"] == ["neckline", "sleeve", "colour"]
    embedder, expected = Embedder(bundle.path, device="cpu"), []
    for photo in ("shop/4.png", "shop/deep/3.png"):
        pixels = embedder.preprocessing(Image.open(photo))
        expected.append((picture(pixels), Path(photo).name))
        looked = embedder.embed([photo], attention=True)
        assert looked.attention is not None
        for name, weights in zip(looked.attributes, looked.attention[0], strict=True):
            expected.append((attention_overlay(pixels, weights), name))
    page = Path("attention.html").read_text()
    assert Figures(page).figures == expected
    assert "2" in re.findall(r"<dt>Photos</dt><dd>(.*?)</dd>", page)


def test_attributes_may_be_chosen_and_photos_skipped(run, bundle, shop):
    argv = ("attention", bundle.path, "shop", "--attribute", "colour", "--out", "attention.html")
    status, out, err = run(*argv, "--json")
    assert status == 0
    assert "skipped shop/deep/bad.jpg: " in err
    assert len(json.loads(out)["skipped"]) == 1
    captions = [caption for _, caption in Figures(Path("attention.html").read_text()).figures]
    assert captions.count("colour") == 8
    assert not {"neckline", "sleeve"} & set(captions)
    assert run(*argv)[0] == 0  # its own page is replaced
    assert run("attention", bundle.path, "shop", "--attribute", "hem", "--out", "x.html")[0] == 2


def test_without_labels_no_picture_is_pale():
    pixels, weights = np.zeros((8, 8, 3), np.uint8), np.ones((2, 2, 2), np.float32)
    names = ("neckline", "sleeve")
    assert 'class="pale"' not in render_attention([overlay_attention(pixels, weights, names, (None, None))], {})
    assert render_attention([overlay_attention(pixels, weights, names, ("v", None))], {}).count('class="pale"') == 1


def test_names_are_escaped_and_the_page_stands_alone():
    drawn = overlay_attention(np.zeros((8, 8, 3), np.uint8), np.ones((1, 2, 2), np.float32), [HOSTILE], [None], HOSTILE)
    page = render_attention([drawn], {HOSTILE: HOSTILE, "Model": HOSTILE})
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6
    assert re.findall(r"https?:|url\(|@import|<link|<iframe", page) == []


def test_a_model_without_attention_is_rejected(run, write_bundle, manifest, reference, shop):
    bundle = write_bundle(
        manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None)
    )
    status, out, err = run("attention", bundle.path, "shop/4.png", "--out", "attention.html")
    assert (status, out, Path("attention.html").exists()) == (1, "", False)
    assert "its model, tiny, has no attention maps; expected one with spatial attention" in err.splitlines()[-1]
