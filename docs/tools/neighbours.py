"""Draw the README's picture: one garment and its neighbours by three attributes. Run: python docs/tools/neighbours.py.

The garments are drawn, and picked by their labels: the picture shows the idea, not a model's answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from fashionsdk_training.garments.decision_boxes import attribute_box
from fashionsdk_training.garments.drawing.textures import Texture
from fashionsdk_training.garments.render import paint
from fashionsdk_training.garments.scene import Outfit, Scene, sample_scene

OUT = Path(__file__).parents[1] / "pictures" / "neighbours.png"

QUERY = {"neckline_design": "v", "sleeve_length": "three_quarter", "skirt_length": "midi"}
# For each attribute, the other two values of the four neighbours, in the order of QUERY without the attribute.
ROWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "neckline_design": (("short", "short"), ("long", "ankle"), ("sleeveless", "knee"), ("elbow", "micro")),
    "sleeve_length": (("square", "short"), ("round", "floor"), ("deep_v", "knee"), ("sweetheart", "ankle")),
    "skirt_length": (("square", "long"), ("round", "short"), ("sweetheart", "sleeveless"), ("straight", "elbow")),
}
TITLES = {"neckline_design": "neckline", "sleeve_length": "sleeve length", "skirt_length": "skirt length"}
ACCENTS = {"neckline_design": "#c2416b", "sleeve_length": "#2f7d6d", "skirt_length": "#b8741a"}

Colour = tuple[int, int, int]
CLOTHES: tuple[Colour, ...] = (
    (196, 73, 84), (46, 92, 138), (226, 176, 82), (92, 134, 110), (122, 84, 142), (218, 126, 96), (70, 76, 98),
    (150, 182, 204), (164, 92, 62), (234, 208, 196), (60, 124, 128), (206, 150, 170), (120, 136, 74),
)  # fmt: skip
GROUNDS: tuple[Colour, ...] = ((236, 231, 224), (226, 232, 236), (234, 228, 236), (228, 235, 228), (240, 232, 220))
INK, PAPER, QUIET = "#23252b", "#fbfaf8", "#6d7079"

CELL, GAP, QUERY_SIDE, MARGIN, LABEL = 264, 20, 520, 48, 250
SCALE = 2  # drawn larger, then reduced


def garment(number: int, values: Mapping[str, str]) -> Scene:
    """Return a scene with these values, in calm colours, without anything in front of or behind the figure."""
    base = sample_scene(number, seed=11)
    rng = np.random.default_rng(number)
    top, bottom = (CLOTHES[i] for i in rng.choice(len(CLOTHES), 2, replace=False))
    patterns = rng.choice(["plain", "stripes", "dots", "heather", "plain"], 2)
    look = replace(
        base.look,
        top=_texture(str(patterns[0]), top, number),
        bottom=_texture(str(patterns[1]), bottom, number + 1),
        background=_texture("plain", GROUNDS[number % len(GROUNDS)], number),
        untucked=0.0,
    )
    outfit = Outfit(neck="neckline_design", bottom="skirt_length", coat=False, close=False)
    return replace(base, values={**base.values, **values}, outfit=outfit, look=look)


def _texture(pattern: str, colour: Colour, seed: int) -> Texture:
    lighter = (min(255, colour[0] + 46), min(255, colour[1] + 46), min(255, colour[2] + 46))
    return Texture(pattern, colour, lighter, frequency=16.0, angle=0.0, seed=seed)


def _undisturbed() -> int:
    """Return a seed from which no clutter, bag or patch is drawn."""
    for seed in count():
        rng = np.random.default_rng(seed)
        if rng.integers(0, 7) == 0 and rng.random() >= 0.25 and rng.choice([0, 0, 1, 2]) == 0:
            return seed
    raise AssertionError("some seed is undisturbed")


def picture(scene: Scene, side: int, attribute: str | None = None) -> Image.Image:
    """Return the garment with rounded corners, RGBA; an attribute's region is framed in its colour."""
    image = paint(scene, side, np.random.default_rng(_undisturbed()))
    if attribute is not None:
        left, top, right, bottom = (edge * side for edge in attribute_box(scene, attribute))
        inset = side / 50
        frame = (max(left, inset), max(top, inset), min(right, side - inset), min(bottom, side - inset))
        ImageDraw.Draw(image).rounded_rectangle(frame, side // 22, outline=ACCENTS[attribute], width=side // 70)
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), side // 16, fill=255)
    image.putalpha(mask)
    return image


def place(page: Image.Image, image: Image.Image, x: int, y: int) -> None:
    """Put a picture on the page, with a soft shadow under it."""
    shadow = Image.new("RGBA", page.size, (0, 0, 0, 0))
    dark = Image.new("RGBA", image.size, (40, 36, 48, 70))
    shadow.paste(dark, (x, y + image.height // 50), image.getchannel("A"))
    page.alpha_composite(shadow.filter(ImageFilter.GaussianBlur(image.height / 45)))
    page.alpha_composite(image, (x, y))


def neighbours(attribute: str) -> Iterator[dict[str, str]]:
    """Yield the values of an attribute's four neighbours."""
    others = [name for name in QUERY if name != attribute]
    for row in ROWS[attribute]:
        yield {attribute: QUERY[attribute], **dict(zip(others, row, strict=True))}


def draw_page() -> Image.Image:
    """Return the whole picture, RGB."""
    s = SCALE
    left = MARGIN + QUERY_SIDE + 70
    width = left + LABEL + 4 * CELL + 3 * GAP + MARGIN
    height = 2 * MARGIN + 3 * CELL + 2 * GAP
    page = Image.new("RGBA", (s * width, s * height), PAPER)
    pen = ImageDraw.Draw(page)
    top = (height - QUERY_SIDE - 70) // 2
    number = 3
    place(page, picture(garment(number, QUERY), s * QUERY_SIDE), s * MARGIN, s * top)
    middle = s * (MARGIN + QUERY_SIDE // 2)
    pen.text((middle, s * (top + QUERY_SIDE + 22)), "one photo", INK, _font(40 * s), anchor="ma")
    for line, attribute in enumerate(QUERY):
        y = MARGIN + line * (CELL + GAP)
        centre = s * (y + CELL // 2)
        start = (s * (MARGIN + QUERY_SIDE + 14), s * (top + QUERY_SIDE // 2))
        pen.line([start, (s * (left - 6), centre)], ACCENTS[attribute], 4 * s)
        pen.ellipse((s * (left - 13), centre - 8 * s, s * (left + 3), centre + 8 * s), ACCENTS[attribute])
        pen.text((s * (left + 18), centre - 30 * s), "same", QUIET, _font(26 * s), anchor="lm")
        pen.text((s * (left + 18), centre + 6 * s), TITLES[attribute], ACCENTS[attribute], _font(34 * s), anchor="lm")
        for column, values in enumerate(neighbours(attribute)):
            number += 1
            x = left + LABEL + column * (CELL + GAP)
            place(page, picture(garment(number, values), s * CELL, attribute), s * x, s * y)
    return page.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


if __name__ == "__main__":
    OUT.parent.mkdir(exist_ok=True)
    draw_page().quantize(256, method=Image.Quantize.MEDIANCUT).save(OUT, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size // 1000} kB")
