"""The sections of attention: photos under it, and how far its maps can be trusted."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from fashionsdk.evaluation import NEARLY, Pointing, PointingScore
from fashionsdk.report._markup import Markup, element, join
from fashionsdk.report._report_types import AttentionOverlays, MapTrust, Report
from fashionsdk.report._sections import bar_cell, doubt_tag, doubts_of, figure

ATTENTION_LEAD = (
    "Where the model looks in a photo for each attribute. Bright is much, dark is little. Each picture is scaled to "
    "its own peak, which the ring marks; a peak in the padding beside a photo has none."
)
WITHOUT_BOXES = (
    "Nothing here says that the maps lie on the garment: that takes boxes, with fashionsdk report --boxes. What can be "
    "said without them is how much of an attribute's maps is the same in every photo; 100 % would be one map for all. "
    f"From {100 * NEARLY:.0f} % on, which the mark shows, an attribute is doubtful: its maps mark a place of photos "
    "rather than a part of what each shows, or all photos have that part in one place, and these photos cannot tell "
    "which."
)
WITH_BOXES = (
    "How often the peak of the attention lies inside the box where the attribute is decided. The mark on the bar is "
    "the one fixed place that is the best for the other photos; random is any place of what the model sees. An "
    "attribute is doubtful if its attention does not surely hit more often than the fixed place (a sign test at 5 %), "
    "or not more often than a random one. Do not read its maps as evidence."
)
UNKNOWN = "-"

Rows: TypeAlias = Mapping[str, Sequence[Markup]]  # what a row is about -> its cells


def attention(photos: Sequence[AttentionOverlays], lead: str) -> Markup:
    """Return photos under each attribute's attention, below a text."""
    return join(element("p", lead, class_="lead"), *(_row(photo, {}) for photo in photos)) if photos else Markup()


def report_attention(report: Report) -> Markup:
    """Return a report's photos under each attribute's attention, and before them how far it can be trusted."""
    if not report.attention:
        return Markup()
    lead = f"{ATTENTION_LEAD} Photos were drawn with seed {report.seed}. An attribute without a label is pale."
    rows = [_row(photo, doubts_of(report)) for photo in report.attention]
    return join(_trust(report.trust), element("p", lead, class_="lead"), *rows)


def _row(photo: AttentionOverlays, doubts: Mapping[str, str]) -> Markup:
    """Return one photo's row. If the photo has labels, attributes without one are pale."""
    unlabelled = "pale" if any(value is not None for _, value in photo.overlays.values()) else "query"
    figures = [
        figure(
            picture,
            name if value is None else f"{name}: {value}",
            unlabelled if value is None else "query",
            doubt_tag(doubts.get(name)),
        )
        for name, (picture, value) in photo.overlays.items()
    ]
    return element("div", figure(photo.picture, photo.caption, "plain"), *figures, class_="attention")


def _trust(trust: MapTrust | None) -> Markup:
    """Return what speaks for and against reading the maps: a table, below a text."""
    if trust is None or not (trust.shared or trust.pointing):
        return Markup()
    table = _shared_table(trust) if trust.pointing is None else _pointing_table(trust, trust.pointing)
    lead = WITHOUT_BOXES if trust.pointing is None else WITH_BOXES + _missing(trust.pointing)
    return join(
        element("h3", "Can the maps be trusted?"),
        element("p", lead, class_="lead"),
        element("div", table, class_="wide trust"),
        element("h3", "Maps"),
    )


def _missing(found: Pointing) -> str:
    return f" {found.missing} boxes are of photos that could not be read, and are left out." if found.missing else ""


def _shared_table(trust: MapTrust) -> Markup:
    doubts = trust.doubts()
    rows = [
        [
            element("td", element("b", f"{100 * share:.1f}")),
            bar_cell(100 * share, 100 * NEARLY),
            _verdict(doubts.get(name), "changes from photo to photo"),
        ]
        for name, share in trust.shared.items()
    ]
    return _table(["Attribute", "Same in every photo, %", "", "Maps"], dict(zip(trust.shared, rows, strict=True)))


def _pointing_table(trust: MapTrust, found: Pointing) -> Markup:
    doubts = trust.doubts()
    heads = ["Attribute", "Inside, %", "", "Fixed place", "Random", "Same in every photo", "Boxes", "Maps"]
    rows = {score.attribute: _pointing_cells(score, trust.shared, doubts) for score in found.attributes}
    unboxed = {
        name: _unboxed_cells(share, doubts.get(name)) for name, share in trust.shared.items() if name not in rows
    }
    return _table(heads, rows | unboxed, {found.overall.attribute: [*_figures(found.overall, UNKNOWN), element("td")]})


def _pointing_cells(score: PointingScore, shared: Mapping[str, float], doubts: Mapping[str, str]) -> list[Markup]:
    verdict = _verdict(doubts.get(score.attribute), "better than one fixed place")
    return [*_figures(score, _percent(shared.get(score.attribute))), verdict]


def _figures(score: PointingScore, shared: str) -> list[Markup]:
    numbers = (f"{score.fixed:.1f}", f"{score.random:.1f}", shared, f"{score.photos:,}")
    rate = element("td", element("b", f"{score.rate:.1f}"))
    return [rate, bar_cell(score.rate, score.fixed), *(element("td", number) for number in numbers)]


def _unboxed_cells(share: float, doubt: str | None) -> list[Markup]:
    """Return the cells of an attribute that has no boxes where others have some."""
    texts = (UNKNOWN, "", UNKNOWN, UNKNOWN, _percent(share), "0")
    return [*(element("td", text) for text in texts), _verdict(doubt, "not measured")]


def _percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{100 * share:.1f}"


def _verdict(doubt: str | None, otherwise: str) -> Markup:
    """Return the last cell of a row: why the maps are doubtful, or what can be said of them."""
    if doubt is None:
        return element("td", otherwise, class_="verdict")
    return element("td", element("b", "doubtful"), f": {doubt}", class_="verdict doubtful")


def _table(heads: Sequence[str], rows: Rows, last: Rows | None = None) -> Markup:
    head = element("tr", *(element("th", name, scope="col") for name in heads))
    parts = [element("thead", head), element("tbody", *_lines(rows))]
    return element("table", *parts, *([] if last is None else [element("tfoot", *_lines(last))]))


def _lines(rows: Rows) -> list[Markup]:
    return [element("tr", element("th", name, scope="row"), *cells) for name, cells in rows.items()]
