"""The page of a search's answers, with the attention that explains each."""

from collections.abc import Iterable, Mapping

from fashionsdk._tools.printable_text import printable
from fashionsdk.explanation import Explanation, Look
from fashionsdk.report._markup import Markup, element, join
from fashionsdk.report._pages import page
from fashionsdk.report._pictures import attention_overlay, picture
from fashionsdk.report._sections import figure, heading
from fashionsdk.report.answers._answer_texts import LEAD, metadata_text, score_text, value_text


def render_answers(query: Look | None, answers: Iterable[Explanation], facts: Mapping[str, str]) -> str:
    """Return a page of one query's answers. Every name and value in it is escaped.

    It holds a small picture for each answer and attribute, about 10 kB. Answers are drawn as they come, so an iterator
    keeps one photo in memory.

    Args:
        query: the photo that asked; None for a search without a photo.
        answers: as `fashionsdk.explain` gives them.
        facts: name -> value, shown at the top.
    """
    header = heading("Why these answers", "Where the model looked, and what each attribute adds.", facts)
    asked = Markup() if query is None else _pictures(query, "the photo that asked")
    shown = [_answer(answer) for answer in answers]
    found = (
        join(element("p", LEAD, class_="lead"), *shown) if shown else element("p", "No item answers.", class_="lead")
    )
    return page(
        "Why these answers", header, [("query", "Query", asked), ("answers", "Answers", found)], "fashionsdk search"
    )


def _answer(answer: Explanation) -> Markup:
    head = element("h3", f"{answer.rank}. {printable(answer.match.key)}")
    lines = [element("p", text, class_="lead") for text in (score_text(answer), metadata_text(answer)) if text]
    if answer.look is None:
        shown = element("p", f"No picture: {printable(str(answer.error))}", class_="lead")
    else:
        shown = _pictures(answer.look, "photo", answer.contributions)
    return element("article", head, *lines, shown, class_="answer")


def _pictures(look: Look, caption: str, added: Mapping[str, float] | None = None) -> Markup:
    """Return the photo, and for each attribute the photo under its attention, with what the attribute adds."""
    photo = figure(picture(look.placement.cut(look.pixels)), caption, "plain")
    overlays = [
        figure(
            attention_overlay(look.pixels, attention, look.placement),
            ": ".join(filter(None, (printable(name), value_text(look, name)))),
            "query",
            *([element("small", f"{added[name]:+.2f}")] if added and name in added else []),
        )
        for name, attention in look.attention.items()
    ]
    return element("div", photo, *overlays, class_="attention wider")
