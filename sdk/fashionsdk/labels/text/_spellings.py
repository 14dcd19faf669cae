"""Finds words that a column spells in several ways, with the lines where each spelling stands."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from unicodedata import is_normalized

from fashionsdk.labels.text._cells import word_of

MOST_LINES, MOST_WORDS = 5, 5  # named in a note; the rest is counted

Lines = Mapping[str, Sequence[int]]  # spelling -> the lines where it stands


def spelling_notes(column: str, merged: Mapping[str, Lines], values: Lines) -> list[str]:
    """Return a note for each word of a column that has several spellings.

    Args:
        column: its name.
        merged: value -> its spellings, where there are several that look the same.
        values: the values that are left, which differ.
    """
    notes = [*_merged_notes(column, merged), *_differing_notes(column, values)]
    if len(notes) > MOST_WORDS:
        notes[MOST_WORDS:] = [f"column {column!r}: {len(notes) - MOST_WORDS} more words have several spellings"]
    return notes


def blank_note(column: str, words: Lines) -> str:
    """Return the note that these words of a column count as blank."""
    return f"column {column!r}: {_listed(words)} count as blank; for a value, write another word, such as 'without'"


def _merged_notes(column: str, merged: Mapping[str, Lines]) -> Iterator[str]:
    for value, spellings in merged.items():
        yield (
            f"column {column!r}: {_listed(spellings)} look the same and are read as one value, {shown(value)}; "
            "write one of them everywhere to end this note"
        )


def _differing_notes(column: str, values: Lines) -> Iterator[str]:
    words: dict[str, list[str]] = defaultdict(list)
    for value in values:
        words[word_of(value)].append(value)
    for spellings in words.values():
        if len(spellings) > 1:
            most = max(spellings, key=lambda value: len(values[value]))
            others = sorted(line for value in spellings if value != most for line in values[value])
            listed = _listed({value: values[value] for value in spellings})
            yield (
                f"column {column!r}: {listed} are different values, but seem to be one word; to merge them, write "
                f"{shown(most)} in {lines_text(others)}"
            )


def _listed(words: Lines) -> str:
    return ", ".join(f"{shown(word)} ({lines_text(lines)})" for word, lines in words.items())


def shown(text: str) -> str:
    """Return the text in quotes, with every character escaped that would make it look like another text."""
    return repr(text) if is_normalized("NFC", text) else ascii(text)


def lines_text(lines: Iterable[int]) -> str:
    """Return line numbers in words, the first few of them."""
    numbers = list(lines)
    named = ", ".join(map(str, numbers[:MOST_LINES]))
    more = f" and {len(numbers) - MOST_LINES} more" if len(numbers) > MOST_LINES else ""
    return f"line{'s' * (len(numbers) > 1)} {named}{more}"
