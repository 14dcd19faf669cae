"""Pages and sheets of answers: every photo and attribute is there, nothing escapes, and memory is bounded."""

import io
import re
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashionsdk import Explanation, ImageError, Preprocessing
from fashionsdk.explanation import Look
from fashionsdk.report import check_sheet_size, draw_answers, is_page, is_sheet, render_answers
from fashionsdk.report._pictures import SIDE, attention_overlay, picture
from fashionsdk.report.answers._answer_sheet import GAP, LINE, ROW
from fashionsdk.search import Match
from fashionsdk.values import Prediction
from tests.sdk.report.test_attention_page import HOSTILE, Figures

NAMES = ("neckline", "sleeve")


def seen(shade: int = 128, side: int = 160) -> Look:
    pixels, placement = Preprocessing(side, fit="pad").read_placed(Image.new("RGB", (80, 160), (shade, shade, shade)))
    attention = np.full((4, 4), 0.05, np.float32)
    attention[2, 1] = 0.25
    sure = Prediction.of({"v": 0.75, "round": 0.25}, 0.0)
    return Look(pixels, placement, dict.fromkeys(NAMES, attention), {"neckline": sure})


def answer(rank: int = 1, key: str = "a.jpg", metadata: Any = None, shown: bool = True) -> Explanation:
    match = Match(key, 0.85, {"neckline": 0.9, "sleeve": None}, metadata or {})
    error = None if shown else ImageError(key, "no such file")
    return Explanation(0, rank, match, {"neckline": 0.85, "sleeve": 0.0}, seen() if shown else None, error)


def test_the_page_shows_each_photo_under_each_attributes_attention():
    page = render_answers(seen(60), [answer(1), answer(2, "b.jpg", {"price": 20, "brand": "Zara"})], {"Photo": "q.jpg"})
    asked, found = seen(60), seen()

    def row(look: Look, caption: str) -> list[tuple[str, str]]:
        overlays = [attention_overlay(look.pixels, look.attention[name], look.placement) for name in NAMES]
        texts = ["neckline: v (75%)", "sleeve"]
        return [(picture(look.placement.cut(look.pixels)), caption), *zip(overlays, texts, strict=True)]

    assert Figures(page).figures == [*row(asked, "the photo that asked"), *row(found, "photo"), *row(found, "photo")]
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["1. a.jpg", "2. b.jpg"]
    assert page.count("score 0.850: neckline +0.850, sleeve +0.000; the item lacks sleeve") == 2
    assert page.count("<small>+0.85</small>") == 2
    assert "price: 20; brand: Zara" in page
    assert is_page(io.BytesIO(page.encode()))


def test_an_answer_without_a_photo_has_its_reason_in_place_of_pictures():
    page = render_answers(None, [answer(shown=False)], {})
    assert Figures(page).figures == []
    assert "No picture: a.jpg: no such file" in page
    assert "No item answers." in render_answers(None, [], {})


def test_names_are_escaped_and_the_page_stands_alone():
    hostile = answer(1, f"{HOSTILE}\x1b[2J\udcff", {HOSTILE: HOSTILE, "long": "x" * 10_000})
    broken = Explanation(0, 2, hostile.match, {HOSTILE: 1.0}, None, ImageError(HOSTILE, HOSTILE))
    page = render_answers(None, [hostile, broken], {HOSTILE: HOSTILE})
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8
    assert "\x1b" not in page
    assert len(page) < 100_000
    assert re.findall(r"https?:|url\(|@import|<link|<iframe", page) == []
    page.encode("utf-8")  # no half characters of a file name are left


def drawn(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float64)


def test_the_sheet_has_a_row_for_each_answer_and_a_column_for_each_attribute():
    data = draw_answers(seen(60), [answer(1), answer(2, shown=False)], 2, 2, "neckline x 1")
    pixels = drawn(data)
    assert pixels.shape[0] == LINE + 2 * GAP + 3 * ROW

    def tile(row: int, column: int) -> np.ndarray:
        top, left = LINE + GAP + row * ROW + LINE, GAP + column * (SIDE + GAP)
        return pixels[top : top + SIDE, left : left + SIDE]

    middle = SIDE // 2
    assert abs(tile(0, 0)[middle, middle] - 60).max() < 3
    assert abs(tile(1, 0)[middle, middle] - 128).max() < 3
    for row, column in ((0, 1), (0, 2), (1, 1), (1, 2)):
        assert tile(row, column)[:, 60:110].std() > 20  # heat and a ring
    assert tile(2, 1).min() > 60  # no picture, at most letters
    assert is_sheet(io.BytesIO(data))


def test_letters_that_the_font_lacks_and_long_names_are_drawn_within_the_sheet():
    hostile = answer(1, "袖" * 5000 + HOSTILE + "\x1b[2J\udcff")
    assert drawn(draw_answers(None, [hostile], 1, 2, HOSTILE * 100)).shape[1] < 1000


def test_a_sheet_that_would_be_too_large_is_refused_before_anything_is_drawn():
    def never() -> Iterator[Explanation]:
        raise AssertionError("an answer was drawn")
        yield

    check_sheet_size(100, 8)
    with pytest.raises(ValueError, match=r"a sheet of 100 answers by 20 attributes has .* megapixels; expected 40"):
        draw_answers(None, never(), 100, 20, "")


def test_the_page_holds_one_photo_at_a_time_in_memory():
    def many(count: int) -> Iterator[Explanation]:
        for rank in range(count):
            yield Explanation(0, rank + 1, answer().match, {}, seen(side=1000))

    peaks = []
    for count in (1, 12):
        tracemalloc.start()
        render_answers(None, many(count), {})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 3_000_000  # a photo of 1000 x 1000 takes as much


def test_other_files_are_no_sheets():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    assert not is_sheet(io.BytesIO(buffer.getvalue()))
    assert not is_sheet(io.BytesIO(b"fashionsdk search"))
    assert not is_sheet(io.BytesIO(b""))
