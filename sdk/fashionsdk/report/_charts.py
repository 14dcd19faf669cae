"""Charts as inline SVG: an embedding map, and the curve of a training."""

from collections import Counter
from collections.abc import Sequence

from fashionsdk.report._markup import Markup, element, join
from fashionsdk.report._report_types import EmbeddingMap

COLOURS = 12  # colour classes in style.css; further values share one
OTHER = "other values"
PHOTO = 9.0  # side of a photo in a map of 320
WIDTH, HEIGHT = 320, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28  # margins around a curve, for its numbers


def scatter(embedding_map: EmbeddingMap) -> Markup:
    """Return the map with its legend: a dot or photo per item, in its value's colour if the value is common."""
    counts = Counter(embedding_map.values)
    common = sorted(counts, key=lambda value: (-counts[value], value))
    kinds = {value: f"k{index}" for index, value in enumerate(common[:COLOURS])}
    pictures = embedding_map.pictures or [None] * len(embedding_map.values)
    dots = [
        _point(round(10 + 300 * x, 1), round(10 + 300 * y, 1), value, kinds.get(value, "rest"), picture)
        for (x, y), value, picture in zip(embedding_map.points.tolist(), embedding_map.values, pictures, strict=True)
    ]
    legend = [(value, kinds[value], counts[value]) for value in common[:COLOURS]]
    if len(common) > COLOURS:
        legend.append((OTHER, "rest", sum(counts[value] for value in common[COLOURS:])))
    drawing = element("svg", *dots, viewBox="0 0 320 320", class_="map", role="img", aria_label="embedding map")
    return join(drawing, element("ul", *(_legend_entry(*entry) for entry in legend), class_="legend"))


def _point(x: float, y: float, value: str, kind: str, picture: str | None) -> Markup:
    """Return a dot, or the photo in a frame of the dot's colour."""
    name = element("title", value)
    if picture is None:
        return element("circle", name, cx=x, cy=y, r=3.6, class_=kind)
    half = PHOTO / 2
    frame = element("rect", x=x - half - 1, y=y - half - 1, width=PHOTO + 2, height=PHOTO + 2, rx=1.5, class_=kind)
    photo = element("image", href=picture, x=x - half, y=y - half, width=PHOTO, height=PHOTO)
    return element("g", name, frame, photo, class_="photo")


def _legend_entry(name: str, kind: str, count: int) -> Markup:
    dot = element("svg", element("circle", cx=6, cy=6, r=5, class_=kind), viewBox="0 0 12 12", class_="dot")
    return element("li", dot, name, " ", element("small", f"{count}"))


def curve(name: str, points: Sequence[tuple[float, float]]) -> Markup:
    """Return a line through ``(x, y)`` points, x rising, with its range on the axes and its last value."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    (x_low, x_span), (y_low, y_span) = _range(xs), _range(ys)
    placed = [
        (
            round(LEFT + (x - x_low) / x_span * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - (y - y_low) / y_span * (HEIGHT - TOP - BOTTOM), 1),
        )
        for x, y in points
    ]
    line = element("polyline", points=" ".join(f"{x:g},{y:g}" for x, y in placed), class_="line")
    end = element("circle", cx=placed[-1][0], cy=placed[-1][1], r=4, class_="end")
    drawing = element(
        "svg", _axes(xs, ys), line, end, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=f"{name} by epoch"
    )
    caption = element("figcaption", element("span", name), element("b", f"{ys[-1]:.4g}"))
    return element("figure", caption, drawing, class_="curve")


def _axes(xs: Sequence[float], ys: Sequence[float]) -> Markup:
    bottom = HEIGHT - BOTTOM
    rules = [element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="rule") for y in (TOP, bottom)]
    labels = [
        element("text", f"{max(ys):.3g}", x=LEFT - 6, y=TOP + 4, text_anchor="end"),
        element("text", f"{min(ys):.3g}", x=LEFT - 6, y=bottom + 4, text_anchor="end"),
        element("text", f"{xs[0]:g}", x=LEFT, y=HEIGHT - 8),
        element("text", f"epoch {xs[-1]:g}", x=WIDTH - RIGHT, y=HEIGHT - 8, text_anchor="end"),
    ]
    return join(*rules, *labels)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the least value and the span; the span is 1 if all values are equal."""
    return min(values), (max(values) - min(values)) or 1.0
