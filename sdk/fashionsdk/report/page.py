"""The page: one HTML file that needs nothing else, neither files nor network nor scripts."""

from importlib.resources import files

from fashionsdk.report import sections
from fashionsdk.report.markup import Markup, element, empty
from fashionsdk.report.types import Report

# The browser itself then refuses whatever the page does not carry.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def render(report: Report) -> str:
    """Return the whole page as HTML; every name and value in it is escaped."""
    title = f"{report.facts.get('Model', 'model')} on {report.facts.get('Data', 'data')}"
    style = Markup(files("fashionsdk.report").joinpath("style.css").read_text(encoding="utf-8"))
    head = element(
        "head",
        empty("meta", charset="utf-8"),
        empty("meta", http_equiv="Content-Security-Policy", content=POLICY),
        empty("meta", name="viewport", content="width=device-width, initial-scale=1"),
        empty("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} · retrieval report"),
        element("style", style),
    )
    parts = [
        ("scores", "Scores", sections.scores(report)),
        ("matches", "Nearest items", sections.matches(report)),
        ("attention", "Attention", sections.attention(report)),
        ("maps", "Embedding maps", sections.maps(report)),
        ("training", "Training", sections.training(report)),
    ]
    shown = [(anchor, name, content) for anchor, name, content in parts if content]
    links = [element("a", name, href=f"#{anchor}") for anchor, name, _ in shown]
    blocks = [element("section", element("h2", name), content, id=anchor) for anchor, name, content in shown]
    body = element(
        "body",
        sections.header(report, title),
        element("nav", element("div", *links)),
        element("main", *blocks),
        element("footer", "Made by ", element("code", "fashionsdk report"), ". Photos belong to their owners."),
    )
    return "<!doctype html>\n" + element("html", head, body, lang="en") + "\n"
