"""What text in a table means: a cell, several spellings of one word, the path of a photo."""

from fashionsdk.labels.text._cells import BLANK_WORDS, clean, word_of
from fashionsdk.labels.text._photo_paths import found_path, same_path
from fashionsdk.labels.text._spellings import blank_note, lines_text, spelling_notes

__all__ = ["BLANK_WORDS", "blank_note", "clean", "found_path", "lines_text", "same_path", "spelling_notes", "word_of"]
