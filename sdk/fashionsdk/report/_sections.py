"""The sections of a page. A section with nothing to show is empty."""

from collections.abc import Mapping, Sequence

from fashionsdk.evaluation import Score
from fashionsdk.report._charts import COLOURS, curve, scatter
from fashionsdk.report._markup import Markup, element, empty, join
from fashionsdk.report._report_types import AttributeResult, EmbeddingMap, Neighbour, Query, Report
from fashionsdk.values import Calibration

WITHOUT_CURVE = frozenset(("epoch", "photos", "seconds"))  # of a training's history


def header(report: Report, title: str) -> Markup:
    """Return the title, the four main figures, and the facts."""
    overall = report.evaluation.overall
    figures = {"MAP": overall.map, "Random MAP": overall.random_map, **_recall_names(overall)}
    tiles = [
        element("div", element("b", f"{value:.1f}", element("small", "%")), element("span", name), class_="tile")
        for name, value in figures.items()
    ]
    return heading(title, _summary(overall), report.facts, element("div", *tiles, class_="tiles"))


def heading(title: str, summary: str, facts: Mapping[str, str], *between: Markup) -> Markup:
    """Return a page's title, a summary, what comes between, and the facts."""
    rows = [element("div", element("dt", name), element("dd", value)) for name, value in facts.items()]
    return element(
        "header", element("h1", title), element("p", summary, class_="summary"), *between, element("dl", *rows)
    )


def _summary(overall: Score) -> str:
    return (
        "How well the model finds items that share one attribute with a photo: "
        f"{overall.queries:,} queries, each ranked against the candidates that are labelled with its attribute."
    )


def _recall_names(score: Score) -> dict[str, float]:
    return {f"Recall@{name.removeprefix('R@')}": value for name, value in score.recall.items()}


def scores(report: Report) -> Markup:
    """Return a bar for each attribute, with a mark at a random ranking's MAP."""
    evaluation = report.evaluation
    overall = evaluation.overall
    heads = ["Attribute", "MAP, %", "", "Random", *_recall_names(overall), "Queries", "Candidates"]
    rows = [_score_row(score) for score in evaluation.attributes]
    total = _score_row(overall, "Mean over queries")
    table = element(
        "table",
        element("thead", element("tr", *(element("th", name, scope="col") for name in heads))),
        element("tbody", *rows),
        element("tfoot", total),
    )
    lead = (
        "Mean average precision of each attribute's ranking. The bar is the model, the mark on it a random ranking. "
        "Recall@k is the share of queries with a right item among the first k."
    )
    absent = evaluation.without_embedding
    left_out = f" {absent} photos could not be read and are left out." if absent else ""
    if evaluation.one_valued:
        left_out += f" Not part of the mean, as all photos have the same value: {', '.join(evaluation.one_valued)}."
    return join(element("p", lead + left_out, class_="lead"), element("div", table, class_="wide"))


def _score_row(score: Score, name: str | None = None) -> Markup:
    numbers = [f"{score.random_map:.1f}", *(f"{value:.1f}" for value in score.recall.values())]
    numbers += [f"{score.queries:,}", f"{score.candidates:,}"]
    cells = [element("td", element("b", f"{score.map:.1f}")), bar_cell(score.map, score.random_map)]
    cells += [element("td", number) for number in numbers]
    return element("tr", element("th", name or score.attribute, scope="row"), *cells)


def bar_cell(length: float, mark: float) -> Markup:
    """Return a table's cell with a bar and a mark on it, both in percent."""
    bar, line = element("i", style=f"width:{length:.2f}%"), element("em", style=f"left:{mark:.2f}%")
    return element("td", element("div", bar, line, class_="bar"), class_="chart")


def matches(report: Report) -> Markup:
    """Return, for each attribute, a few queries with their nearest items."""
    lead = (
        f"Queries were drawn at random with seed {report.seed}, not chosen by hand. Beside each query are its nearest "
        "items by that attribute alone. Photos are shown as far as the model sees them. A tick means that "
        "the item has the query's value, a cross that it has another."
    )
    doubts = doubts_of(report)
    articles = (_attribute_matches(result, doubts.get(result.name)) for result in report.attributes)
    return join(element("p", lead, class_="lead"), *articles)


def _attribute_matches(result: AttributeResult, doubt: str | None) -> Markup:
    rows = (_query_row(query, doubt) for query in result.queries)
    return element("article", element("h3", result.name), *rows, class_="queries")


def _query_row(query: Query, doubt: str | None) -> Markup:
    photo = [figure(query.picture, query.value, "query", element("span", "query", class_="tag"))]
    if query.attention is not None:
        photo.append(figure(query.attention, "attention", "plain", doubt_tag(doubt)))
    neighbours = element("div", *map(_neighbour, query.neighbours), class_="found")
    return element("div", element("div", *photo, class_="asked"), neighbours, class_="row")


def _neighbour(neighbour: Neighbour) -> Markup:
    kind, sign, spoken = ("right", "✓", "right") if neighbour.right else ("wrong", "✗", "wrong")
    mark = element("span", sign, class_="mark", role="img", aria_label=spoken)
    return figure(neighbour.picture, neighbour.value, kind, mark, element("small", f"{neighbour.score:.2f}"))


def doubts_of(report: Report) -> dict[str, str]:
    """Return the attributes whose maps are doubtful, each with the reason."""
    return {} if report.trust is None else report.trust.doubts()


def doubt_tag(doubt: str | None) -> Markup:
    """Return the mark on a picture of a doubtful map; nothing without a reason to doubt it."""
    return Markup() if doubt is None else element("span", "doubtful", class_="tag doubt", title=doubt)


def figure(picture: str, caption: str, kind: str, *extra: Markup) -> Markup:
    """Return a picture over its caption; ``kind`` is its class in the style sheet, ``extra`` lies on the picture."""
    image = empty("img", src=picture, alt=caption, loading="lazy", width=168, height=168)
    return element("figure", image, *extra, element("figcaption", caption, title=caption), class_=kind)


def maps(drawn: Mapping[str, EmbeddingMap], what: str, seed: int, *, large: bool = False) -> Markup:
    """Return each attribute's embedding map; ``what`` names the items."""
    if not drawn:
        return Markup()
    cards = [
        element("article", element("h3", name), scatter(embedding_map), class_="card")
        for name, embedding_map in drawn.items()
    ]
    most = max(len(embedding_map.values) for embedding_map in drawn.values())
    lead = (
        f"{what} in the plane (t-SNE, seed {seed}, at most {most:,} drawn at random). Near in the map means alike in "
        "that attribute. Distances between groups mean little. "
        f"The {COLOURS} commonest values have a colour. Hover over a point to read its value."
    )
    return join(element("p", lead, class_="lead"), element("div", *cards, class_="grid large" if large else "grid"))


def reliability(report: Report) -> Markup:
    """Return, for each attribute, how often predictions of a probability are right."""
    if not report.reliability:
        return Markup()
    lead = (
        "Do probabilities mean what they say? Predictions of all labelled photos, by the probability of the most "
        "probable value: of those with 0.8, 80 in 100 should be right. The calibration error is the mean distance. "
        "Bundles that were exported with labelled photos are calibrated on them, so judge on others."
    )
    cards = [_reliability_card(name, found) for name, found in report.reliability.items()]
    return join(element("p", lead, class_="lead"), element("div", *cards, class_="grid"))


def _reliability_card(name: str, found: Calibration) -> Markup:
    heads = element("tr", *(element("th", text, scope="col") for text in ("Said", "Right", "", "Photos")))
    rows = [element("tr", *_reliability_cells(*row)) for row in found.rows]
    summary = f"{found.photos:,} photos, {found.accuracy:.1%} right, calibration error {found.error:.3f}"
    table = element("table", element("thead", heads), element("tbody", *rows))
    return element("article", element("h3", name), element("p", summary, class_="lead"), table, class_="card")


def _reliability_cells(photos: int, said: float, right: float) -> list[Markup]:
    numbers = element("td", f"{said:.2f}"), element("td", f"{right:.2f}")
    return [*numbers, bar_cell(100 * right, 100 * said), element("td", f"{photos:,}")]


def training(report: Report) -> Markup:
    """Return a curve for each quantity of the training's history."""
    names = dict.fromkeys(name for row in report.history for name in row if name not in WITHOUT_CURVE)
    curves = {name: _points(report, name) for name in names}
    drawn = [curve(name, points) for name, points in curves.items() if len(points) > 1]
    if not drawn:
        return Markup()
    seconds = sum(row.get("seconds", 0.0) for row in report.history)
    spent = f", {seconds / 60:,.0f} minutes" if seconds >= 60 else ""
    lead = f"{len(report.history)} epochs{spent}. The number beside each name is the last value."
    return join(element("p", lead, class_="lead"), element("div", *drawn, class_="grid"))


def _points(report: Report, name: str) -> Sequence[tuple[float, float]]:
    """Return a quantity as (epoch, value) points. Rows without it are left out."""
    return [(row.get("epoch", number), row[name]) for number, row in enumerate(report.history, 1) if name in row]
