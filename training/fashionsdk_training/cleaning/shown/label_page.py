"""One page about a label table: suspects beside photos that surely have the values, pictures twice, counts."""

from collections.abc import Callable, Mapping, Sequence

from fashionsdk._tools.listed import listed
from fashionsdk.errors import ImageError
from fashionsdk.photos import Preprocessing
from fashionsdk.report import Markup, element, figure, heading, join, page, picture
from fashionsdk_training.cleaning.label_report import LabelReport
from fashionsdk_training.cleaning.survey import AttributeCount, RepeatedPicture
from fashionsdk_training.cleaning.suspects import Suspect

SHOWN = 100  # suspects
MOST_REPEATED, MOST_PHOTOS = 40, 6  # groups of one picture, and photos of each
MOST_NAMED = 6  # rare values
SIDE, EXAMPLE_SIDE = 168, 128  # pixels of a suspect's picture, and of those beside it
COMMAND = "fashionsdk-labels"

Photos = Callable[[int, int], str | None]  # a photo's index and its side in pixels to its picture; None if unreadable


def render_labels(report: LabelReport, facts: Mapping[str, str]) -> str:
    """Return the page as HTML. Every name and value in it is escaped. Photos that it shows are read again.

    Args:
        report: what was found.
        facts: name -> value, shown at the top.
    """
    photos = _reader(report)
    title = f"Labels of {report.items.root.resolve().name or 'a table'}"
    summary = (
        f"{report.counts.photos:,} photos, {sum(each.labelled for each in report.counts.attributes):,} labels, "
        f"{len(report.suspects):,} of them suspects. {len(report.repeated):,} pictures stand there several times."
    )
    parts = [
        ("suspects", "Suspects", _suspects(report, photos)),
        ("twice", "Pictures twice", _repeated(report, photos)),
        ("values", "Values", _counts(report.counts.attributes, list(report.counts.splits))),
    ]
    return page(title, heading(title, summary, facts), parts, COMMAND)


def _reader(report: LabelReport) -> Photos:
    """Return what reads a photo, each once in each size."""
    sources = report.items.sources
    known: dict[tuple[int, int], str | None] = {}

    def read(item: int, side: int) -> str | None:
        if (item, side) not in known:
            try:
                pixels, placement = Preprocessing(side, fit="pad").read_placed(sources[item])
                known[item, side] = picture(placement.cut(pixels), side)
            except ImageError:
                known[item, side] = None
        return known[item, side]

    return read


def _suspects(report: LabelReport, photos: Photos) -> Markup:
    if not report.suspects:
        return Markup()
    more = f" These are the first {SHOWN}; the table suspects.csv has all." if len(report.suspects) > SHOWN else ""
    lead = (
        "Labels that classifiers of other photos contradict, worst first. Beside each photo are some "
        "that surely have the value suggested, and some that surely have the label's. Write what is right into the "
        f"column correct of suspects.csv: a value, or - for no label.{more}"
    )
    rows = [_suspect(report, each, photos) for each in report.suspects[:SHOWN]]
    return join(element("p", lead, class_="lead"), element("div", *rows, class_="queries"))


def _suspect(report: LabelReport, each: Suspect, photos: Photos) -> Markup:
    attribute = report.items.attributes[each.attribute]
    label, suggestion = attribute.values[each.label], attribute.values[each.suggestion]
    caption = f"{attribute.name}: {label}?"
    doubt = element("small", f"{each.doubt:.2f}", title="doubt")
    asked = element("div", _figure(photos(each.item, SIDE), caption, "query", doubt), class_="asked")
    beside = [
        _figure(photos(item, EXAMPLE_SIDE), value, kind)
        for kind, value, number in (("right", suggestion, each.suggestion), ("wrong", label, each.label))
        for item in report.examples.get((each.attribute, number), ())
        if item != each.item
    ]
    name = element("p", f"{report.items.name(each.item)}: {suggestion} rather than {label}", class_="lead")
    row = element("div", asked, element("div", *beside, class_="found"), class_="row")
    return element("article", name, row, class_="answer")


def _figure(shown: str | None, caption: str, kind: str, *extra: Markup) -> Markup:
    if shown is None:
        return element("figure", element("figcaption", f"{caption}: cannot be read"), class_=kind)
    return figure(shown, caption, kind, *extra)


def _repeated(report: LabelReport, photos: Photos) -> Markup:
    if not report.repeated:
        return Markup()
    across = sum(len(each.splits) > 1 for each in report.repeated)
    differing = sum(bool(each.differing) for each in report.repeated)
    more = f" These are the first {MOST_REPEATED}." if len(report.repeated) > MOST_REPEATED else ""
    lead = (
        f"{len(report.repeated):,} pictures stand there several times: saved again, in another size, cropped or "
        f"mirrored. {across:,} stand in several splits, so a model is measured on what it has seen. {differing:,} have "
        f"labels that differ.{more}"
    )
    groups = [_group(report, each, photos) for each in report.repeated[:MOST_REPEATED]]
    return join(element("p", lead, class_="lead"), *groups)


def _group(report: LabelReport, each: RepeatedPicture, photos: Photos) -> Markup:
    said = [
        "equal files" if each.equal else "one picture",
        "in " + ", ".join(split or "no split" for split in each.splits),
    ]
    said += [f"labels differ: {', '.join(each.differing)}"] if each.differing else []
    said += [f"{len(each.items)} photos"] if len(each.items) > MOST_PHOTOS else []
    shown = [
        _figure(photos(item, SIDE), report.items.name(item), "plain", element("small", _differing(report, each, item)))
        for item in each.items[:MOST_PHOTOS]
    ]
    return element("article", element("h3", "; ".join(said)), element("div", *shown, class_="attention"))


def _differing(report: LabelReport, each: RepeatedPicture, item: int) -> str:
    """Return a photo's labels of the attributes in which the group differs, else its splits."""
    names = [attribute.name for attribute in report.items.attributes]
    labels = [report.items.value(item, names.index(name)) or "blank" for name in each.differing]
    return ", ".join(labels or [split or "no split" for split in report.items.splits[item]])


def _counts(attributes: Sequence[AttributeCount], splits: Sequence[str]) -> Markup:
    cards = [_count_card(attribute, splits) for attribute in attributes]
    lead = "How many photos have each value, in each split. A value with few photos is hardly learnt."
    return join(element("p", lead, class_="lead"), element("div", *cards, class_="grid large"))


def _count_card(attribute: AttributeCount, splits: Sequence[str]) -> Markup:
    heads = ("Value", "Photos", *(split or "no split" for split in splits))
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    photos = attribute.photos
    rows = [
        element(
            "tr",
            element("th", value, scope="row"),
            *(element("td", f"{count:,}") for count in (photos[value], *by.values())),
        )
        for value, by in sorted(attribute.values.items(), key=lambda each: -photos[each[0]])
    ]
    rare = listed([f"{value} ({count})" for value, count in attribute.rare.items()], MOST_NAMED)
    summary = f"{attribute.labelled:,} labelled, {attribute.blank:,} blank{f'; rare: {rare}' if rare else ''}"
    table = element("table", element("thead", head), element("tbody", *rows))
    return element("article", element("h3", attribute.name), element("p", summary, class_="lead"), table, class_="card")
