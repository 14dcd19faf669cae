"""What the cells of a column say, and the spellings that lead to each value."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

from fashionsdk.labels.text._cells import BLANK_WORDS, clean
from fashionsdk.labels.text._spellings import blank_note, spelling_notes


class ColumnCells:
    """What a column's cells say, and the spellings that lead to each value."""

    def __init__(self, name: str, cells: Sequence[str], lines: Sequence[int]) -> None:
        self.name = name
        self._cells, self._lines = cells, lines
        words = {cell: clean(cell) for cell in dict.fromkeys(cells)}  # each text once: tables repeat theirs
        self._values = {cell: "" if word in BLANK_WORDS else word for cell, word in words.items()}

    def values(self) -> list[str]:
        """Return the value that each cell names, "" for none."""
        return [self._values[cell] for cell in self._cells]

    def notes(self) -> list[str]:
        """Return a note for words that count as blank, and for each word that is spelled in several ways."""
        standing: dict[str, list[int]] = {cell: [] for cell in self._values}
        for cell, line in zip(self._cells, self._lines, strict=True):
            standing[cell].append(line)
        spellings: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for cell, value in self._values.items():
            spellings[value][cell.strip() if value else clean(cell)] += standing[cell]
        blank = {word: lines for word, lines in spellings.pop("", {}).items() if word}
        values = {value: sorted(chain(*each.values())) for value, each in spellings.items()}
        several = [value for value, each in spellings.items() if len(each) > 1]
        several.sort(key=lambda value: list(spellings[value].values())[1][0])  # where the second spelling first stands
        merged = {value: spellings[value] for value in several}
        return ([blank_note(self.name, blank)] if blank else []) + spelling_notes(self.name, merged, values)
