"""What was found in a label table, as text."""

from collections.abc import Iterable

from fashionsdk._tools.listed import listed
from fashionsdk._tools.printable_text import printable
from fashionsdk_training.cleaning.label_report import LabelReport
from fashionsdk_training.cleaning.survey import AttributeCount, RepeatedPicture, TableItems

MOST_VALUES, MOST_NAMED, MOST_SUSPECTS = 12, 5, 20
NAME_WIDTH = 28  # characters of a name that are shown


def report_text(report: LabelReport) -> str:
    """Return counts, photos that stand there twice, and the worst suspects as text tables."""
    counts = report.counts
    splits = ", ".join(f"{count} in {split or 'no split'}" for split, count in counts.splits.items())
    lines = [f"{counts.photos} photos: {splits}"]
    lines += [f"{counts.unlabelled} photos have no label"] if counts.unlabelled else []
    lines += _unreadable_lines(report)
    for attribute in counts.attributes:
        lines += ["", *_attribute_lines(attribute, list(counts.splits))]
    lines += ["", *_repeated_lines(report.items, report.repeated)]
    lines += ["", *_suspect_lines(report)] if report.examples else []
    return "\n".join(lines)


def _unreadable_lines(report: LabelReport) -> list[str]:
    if not report.unreadable:
        return []
    return [f"{len(report.unreadable)} photos cannot be read: {_named(report.unreadable.values())}"]


def _attribute_lines(attribute: AttributeCount, splits: list[str]) -> list[str]:
    shares = "".join(f" {split or 'no split':>8.8}" for split in splits)
    lines = [f"{_name(attribute.name)} {'photos':>8}{shares}"]
    commonest = sorted(attribute.values, key=lambda value: -attribute.photos[value])
    for value in commonest[:MOST_VALUES]:
        counts = "".join(f" {attribute.values[value][split]:>8}" for split in splits)
        lines.append(f"  {_name(value, NAME_WIDTH - 2)} {attribute.photos[value]:>8}{counts}")
    if hidden := commonest[MOST_VALUES:]:
        lines.append(f"  and {len(hidden)} values with {attribute.photos[hidden[0]]} photos or fewer")
    lines.append(f"  {_name('(blank)', NAME_WIDTH - 2)} {attribute.blank:>8}")
    if attribute.rare:
        rare = [f"{value} ({count})" for value, count in attribute.rare.items()]
        lines.append(f"  rare: {printable(listed(rare, MOST_NAMED))}")
    return lines


def _repeated_lines(items: TableItems, repeated: Iterable[RepeatedPicture]) -> list[str]:
    found = list(repeated)
    across = [each for each in found if len(each.splits) > 1]
    differing = [each for each in found if each.differing]
    equal = sum(each.equal for each in found)
    lines = [f"{len(found)} pictures stand there several times, {equal} of them as equal files"]
    lines += [f"  {len(across)} in several splits: {_groups(items, across)}"] if across else []
    lines += [f"  {len(differing)} with labels that differ: {_groups(items, differing)}"] if differing else []
    return lines


def _groups(items: TableItems, groups: Iterable[RepeatedPicture]) -> str:
    return _named([" = ".join(items.name(item) for item in each.items[:3]) for each in groups])


def _suspect_lines(report: LabelReport) -> list[str]:
    rows = report.corrections()
    lines = [f"{len(rows)} labels are suspects: classifiers of other photos contradict them"]
    if rows:
        lines.append(f"  {'doubt':>5}  {'attribute':<16} {'label':<20} {'suggestion':<20} photo")
    for row in rows[:MOST_SUSPECTS]:
        cells = f"{_name(row.attribute, 16)} {_name(row.label, 20)} {_name(row.suggestion, 20)}"
        lines.append(f"  {row.doubt:>5.2f}  {cells} {printable(row.image)}")
    return [*lines, f"  and {len(rows) - MOST_SUSPECTS} more"] if len(rows) > MOST_SUSPECTS else lines


def _name(text: str, width: int = NAME_WIDTH) -> str:
    return f"{printable(text)[:width]:<{width}}"


def _named(names: Iterable[str]) -> str:
    return printable(listed(list(names), MOST_NAMED, "; "))
