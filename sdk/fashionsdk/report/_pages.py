"""The pages: each is one HTML file that needs no other file, no network and no scripts."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from os import SEEK_END
from typing import BinaryIO

from fashionsdk.report import _sections as sections
from fashionsdk.report._markup import Markup, element, empty
from fashionsdk.report._report_types import AttentionOverlays, EmbeddingMap, Report
from fashionsdk.report.attention import ATTENTION_LEAD, attention, report_attention

# With this policy the browser loads nothing that is not in the page.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

START, MAKER = "<!doctype html>\n", ("Made by ", "fashionsdk")  # each page starts and ends with these
TAIL_BYTES = 200  # more than a page's end has from the maker on

Part = tuple[str, str, Markup]  # anchor, title, content


def render(report: Report) -> str:
    """Return the whole report as HTML. Every name and value in it is escaped."""
    title = f"{report.facts.get('Model', 'model')} on {report.facts.get('Data', 'data')}"
    maps = {result.name: result.embedding_map for result in report.attributes if result.embedding_map is not None}
    parts = [
        ("scores", "Scores", sections.scores(report)),
        ("matches", "Nearest items", sections.matches(report)),
        ("attention", "Attention", report_attention(report)),
        ("values", "Probabilities", sections.reliability(report)),
        ("maps", "Embedding maps", sections.maps(maps, "Candidates of each attribute", report.seed)),
        ("training", "Training", sections.training(report)),
    ]
    return page(f"{title} · retrieval report", sections.header(report, title), parts, "fashionsdk report")


def render_attention(photos: Sequence[AttentionOverlays], facts: Mapping[str, str]) -> str:
    """Return a page of photos under each attribute's attention; ``facts`` are shown at the top."""
    title = f"Where {facts.get('Model', 'the model')} looks"
    content = attention(photos, ATTENTION_LEAD)
    header = sections.heading(title, "Attention over photos, attribute by attribute.", facts)
    return page(title, header, [("attention", "Attention", content)], "fashionsdk attention")


def render_maps(maps: Mapping[str, EmbeddingMap], facts: Mapping[str, str], seed: int) -> str:
    """Return a page of each attribute's embedding map; ``facts`` are shown at the top, ``seed`` is t-SNE's."""
    title = f"The embedding space of {facts.get('Model', 'the model')}"
    content = sections.maps(maps, "Labelled photos", seed, large=True)
    header = sections.heading(title, "Each attribute has a space of its own, shown here in the plane.", facts)
    return page(title, header, [("maps", "Embedding maps", content)], "fashionsdk map")


def is_page(file: BinaryIO) -> bool:
    """Tell whether an open file is a page that this room made."""
    if file.read(len(START)) != START.encode():
        return False
    file.seek(-min(TAIL_BYTES, file.seek(0, SEEK_END)), SEEK_END)
    return f"{MAKER[0]}<code>{MAKER[1]}".encode() in file.read()


def page(title: str, header: Markup, parts: Sequence[Part], command: str) -> str:
    """Return a page of the parts that have content, with links if there are several.

    Args:
        title: the page's, for the browser.
        header: what stands above the parts.
        parts: anchor, title and content of each.
        command: the program of this project that makes the page; its name begins with "fashionsdk".
    """
    shown = [part for part in parts if part[2]]
    links = [element("a", name, href=f"#{anchor}") for anchor, name, _ in shown]
    blocks = [element("section", element("h2", name), content, id=anchor) for anchor, name, content in shown]
    body = element(
        "body",
        header,
        element("nav", element("div", *links)) if len(links) > 1 else Markup(),
        element("main", *blocks),
        element("footer", MAKER[0], element("code", command), ". Photos belong to their owners."),
    )
    return START + element("html", _head(title), body, lang="en") + "\n"


def _head(title: str) -> Markup:
    style = Markup(files("fashionsdk.report").joinpath("assets/style.css").read_text(encoding="utf-8"))
    return element(
        "head",
        empty("meta", charset="utf-8"),
        empty("meta", http_equiv="Content-Security-Policy", content=POLICY),
        empty("meta", name="viewport", content="width=device-width, initial-scale=1"),
        empty("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", style),
    )
