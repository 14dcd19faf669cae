"""A sheet of a search's answers as one PNG file: a row for each, a column for each attribute."""

import io
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from fashionsdk._tools.printable_text import printable
from fashionsdk.explanation import Explanation, Look
from fashionsdk.report._pictures import SIDE, attention_pixels, small
from fashionsdk.report.answers._answer_texts import score_text, value_text

MOST_PIXELS = 40_000_000  # of a sheet: 120 MB while it is drawn
GAP, LINE, TEXT = 12, 20, 13  # pixels: between tiles, of a line of text, of its letters
ROW = SIDE + 3 * LINE + GAP  # a line above the tiles, two below
START, MAKER = b"\x89PNG\r\n\x1a\n", b"fashionsdk search"
HEAD_BYTES = 200  # more than comes before the end of the maker's name
PAPER, INK, SOFT, TRACK = (255, 255, 255), (28, 27, 31), (106, 103, 113), (235, 232, 225)


def check_sheet_size(answers: int, attributes: int) -> None:
    """Check that a sheet can be drawn in bounded memory.

    Raises:
        ValueError: it would have too many pixels.
    """
    width, height = _size(answers + 1, attributes + 1)
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"a sheet of {answers} answers by {attributes} attributes has {width * height / 1e6:,.0f} megapixels; "
            f"expected {MOST_PIXELS / 1e6:,.0f} at most: ask for fewer answers, or write an HTML page"
        )


def draw_answers(query: Look | None, answers: Iterable[Explanation], count: int, attributes: int, title: str) -> bytes:
    """Return a sheet of one query's answers as a PNG file.

    Letters are those of Pillow's own font, which has Latin ones only; pages show all. An iterator of answers keeps one
    photo in memory beside the sheet.

    Args:
        query: the photo that asked; None for a search without a photo.
        answers: as `fashionsdk.explain` gives them.
        count: how many there are.
        attributes: how many were compared.
        title: what was asked, above the first row.

    Raises:
        ValueError: the sheet would have too many pixels.
    """
    check_sheet_size(count, attributes)
    rows = count + (query is not None)
    sheet = Image.new("RGB", _size(rows, attributes + 1), PAPER)
    pen = _Pen(sheet)
    pen.text((GAP, GAP // 2), title, INK)
    if query is not None:
        pen.row(query, "the photo that asked", {})
    for answer in answers:
        head = f"{answer.rank}. {answer.match.key}   {score_text(answer)}"
        pen.row(answer.look, head, answer.contributions, str(answer.error))
    return _png(sheet)


def is_sheet(file: BinaryIO) -> bool:
    """Tell whether an open file is a sheet that this room made."""
    head = file.read(HEAD_BYTES)
    return head.startswith(START) and MAKER in head


class _Pen:
    """Draws rows on a sheet, one below the other."""

    def __init__(self, sheet: Image.Image) -> None:
        self._sheet, self._draw, self._top = sheet, ImageDraw.Draw(sheet), LINE + GAP
        self._font = ImageFont.load_default(TEXT)

    def row(self, look: Look | None, head: str, added: Mapping[str, float], error: str = "") -> None:
        """Draw a photo, the photo under the attention of each attribute, and a line above."""
        self.text((GAP, self._top), head, INK)
        if look is None:
            self.text((GAP, self._top + LINE), f"no picture: {error}", SOFT)
        else:
            self._tiles(look, added)
        self._top += ROW

    def text(self, place: tuple[int, int], text: str, colour: tuple[int, int, int], width: int | None = None) -> None:
        """Write a line, cut off at a width."""
        width, text = width or self._sheet.width - place[0] - GAP, printable(text)
        while text and self._draw.textlength(text, self._font) > width:
            text = text[: -max(2, len(text) // 20)].rstrip("…") + "…" if len(text) > 2 else ""
        self._draw.text(place, text, colour, self._font)

    def _tiles(self, look: Look, added: Mapping[str, float]) -> None:
        self._tile(0, small(look.placement.cut(look.pixels)))
        for column, (name, attention) in enumerate(look.attention.items(), 1):
            drawn = small(attention_pixels(look.pixels, attention, look.placement))
            sign = f"{added[name]:+.2f}  " if name in added else ""
            self._tile(column, drawn, f"{sign}{name}", value_text(look, name))

    def _tile(self, column: int, tile: Image.Image, *captions: str) -> None:
        left, top = GAP + column * (SIDE + GAP), self._top + LINE
        self._draw.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), TRACK)
        self._sheet.paste(tile, (left + (SIDE - tile.width) // 2, top + (SIDE - tile.height) // 2))
        for line, caption in enumerate(captions):
            self.text((left, top + SIDE + 2 + line * LINE), caption, SOFT, SIDE)


def _size(rows: int, columns: int) -> tuple[int, int]:
    return max(GAP + columns * (SIDE + GAP), 4 * (SIDE + GAP)), LINE + 2 * GAP + rows * ROW


def _png(sheet: Image.Image) -> bytes:
    """Return an image as a PNG file that names its maker in its first chunk of text."""
    maker, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    maker.add_text("Software", MAKER.decode())
    sheet.save(buffer, "PNG", pnginfo=maker)
    return buffer.getvalue()
