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


@pytest.mark.parametrize("size", [(60, 20), (20, 60), (1, 500)])
def test_a_padded_photo_is_drawn_whole_without_its_padding_and_a_peak_there_is_none(size: tuple[int, int]):
    pixels, placement = Preprocessing(160, fit="pad").read_placed(Image.new("RGB", size, (120, 120, 120)))
    attention = np.zeros((8, 8), np.float32)
    attention[0, 0] = 1  # in the padding: the corner shows no photo of these
    column, row = (int(middle * 8 / 160) for middle in placement.to_input(np.array(size) * (0.5, 0.3)))
    attention[row, column] = 0.5
    drawn = decoded(attention_overlay(pixels, attention, placement))
    left, top, right, bottom = placement.visible
    assert drawn.shape == (bottom - top, right - left, 3)
    if min(size) > 1:
        alone = np.where(attention == 0.5, attention, 0).astype(np.float32)
        place = (np.array([column, row]) + 0.5) * 20 - (left, top)
        bright = np.argwhere(drawn.min(axis=2) > 200)
        assert np.abs(bright.mean(axis=0)[::-1] + 0.5 - place).max() < 2
        assert np.abs(decoded(attention_overlay(pixels, alone, placement)).astype(int) - drawn).mean() < 12
