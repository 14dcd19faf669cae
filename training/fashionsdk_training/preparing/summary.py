"""Says in a table what each split got of what was wished."""

from collections import Counter, defaultdict

from fashionsdk._tools.listed import listed
from fashionsdk._tools.printable_text import printable
from fashionsdk_training.preparing.prepared import Prepared

MOST_VALUES = 60  # named; those that came furthest from the wish
MOST_NAMED = 8
NAME_WIDTH = 28  # characters of a value's name that are shown


def split_summary(prepared: Prepared) -> str:
    """Return how many photos and groups each split has, and how far from the wish each value came, as text tables."""
    return "\n".join([*_split_lines(prepared), "", *_value_lines(prepared)])


def _split_lines(prepared: Prepared) -> list[str]:
    photos, total = Counter(prepared.splits), len(prepared.splits)
    groups = Counter(dict(zip(prepared.groups.tolist(), prepared.splits, strict=True)).values())
    lines = [f"{'split':<12} {'photos':>8} {'groups':>8} {'share':>8} {'wished':>8}"]
    for split, share in prepared.shares.items():
        lines.append(f"{split:<12} {photos[split]:>8} {groups[split]:>8} {photos[split] / total:>8.1%} {share:>8.1%}")
    return lines


def _value_lines(prepared: Prepared) -> list[str]:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row, split in zip(prepared.rows, prepared.splits, strict=True):
        for name in prepared.attributes:
            if row[name]:
                found[name, row[name]][split] += 1
    place = {name: n for n, name in enumerate(prepared.attributes)}
    counts = {key: found[key] for key in sorted(found, key=lambda key: (place[key[0]], key[1]))}
    off = {key: _off(prepared, count) for key, count in counts.items()}
    shown = sorted(counts, key=lambda key: (-off[key], key))[:MOST_VALUES]
    shown = [key for key in counts if key in set(shown)]  # in the table's order
    lines = [
        f"{'attribute: value':<{NAME_WIDTH}} {'photos':>8} "
        + " ".join(f"{split:>8}" for split in prepared.shares)
        + f" {'off by':>8}"
    ]
    for name, value in shown:
        count, word = counts[name, value], printable(f"{name}: {value}")[:NAME_WIDTH]
        cells = " ".join(f"{count[split]:>8}" for split in prepared.shares)
        lines.append(f"{word:<{NAME_WIDTH}} {count.total():>8} {cells} {off[name, value]:>8.1f}")
    if len(counts) > len(shown):
        lines.append(f"and {len(counts) - len(shown)} more values, nearer to the wish")
    lines.append("off by: photos that the split furthest from its share has too many or too few")
    return lines + _unmeasured_lines(prepared)


def _unmeasured_lines(prepared: Prepared) -> list[str]:
    """Return a line for each split to measure on in which values have one group: there is nothing else to find."""
    found: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for row, group, split in zip(prepared.rows, prepared.groups.tolist(), prepared.splits, strict=True):
        for name in prepared.attributes:
            if row[name]:
                found[name, row[name], split].add(group)
    values = {(name, value) for name, value, _ in found}
    lines = []
    for split in list(prepared.shares)[1:]:
        if few := sorted(f"{name}: {value}" for name, value in values if len(found[name, value, split]) < 2):
            named = printable(listed(few, MOST_NAMED))
            lines.append(f"cannot be measured in {split}, where they have fewer than two groups: {named}")
    return lines


def _off(prepared: Prepared, count: Counter[str]) -> float:
    return max(abs(count[split] - share * count.total()) for split, share in prepared.shares.items())
