"""What text in a table means: a cell, several spellings of one word, the path of a photo, a spreadsheet's formula."""

from fashionsdk.labels.text._cells import clean, word_of
from fashionsdk.labels.text._column_cells import ColumnCells
from fashionsdk.labels.text._photo_paths import found_path, same_path
from fashionsdk.labels.text._spellings import lines_text
from fashionsdk.labels.text._spreadsheet_cells import is_formula, name_of, plain_name, plain_path

__all__ = [
    "ColumnCells",
    "clean",
    "found_path",
    "is_formula",
    "lines_text",
    "name_of",
    "plain_name",
    "plain_path",
    "same_path",
    "word_of",
]
