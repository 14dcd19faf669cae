"""What a cell says: text that looks the same becomes the same, and a program's word for "nothing" becomes blank."""

import re
from unicodedata import category, normalize

# How pandas, R, SQL and spreadsheets write an empty cell. "none" is left alone: a garment without a collar has it.
BLANK_WORDS = frozenset(
    ("nan", "NaN", "-nan", "-NaN", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "None", "NULL", "Null", "null")
)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))  # zero-width, and in no word's spelling
_NUMBER = re.compile(r"\+?(-?)0*(\d+?)(?:\.(\d*?)0*)?", re.ASCII)
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[\s_-]+(?=[^\W\d_])")


def clean(cell: str) -> str:
    """Return a cell's text: composed (NFC), without zero-width characters, with single plain spaces between words."""
    if cell.isascii():
        return " ".join(cell.split())
    return " ".join(normalize("NFC", cell.translate(_INVISIBLE)).split())


def word_of(value: str) -> str:
    """Return what all spellings of a word have in common.

    Spellings may differ in case, in compatible characters (full width, ligatures), in zero-width joiners, in a space,
    hyphen or underscore between letters, and in how a number is written.
    """
    if number := _NUMBER.fullmatch(value):
        sign, whole, part = number.groups("")
        return f"{sign}{whole}.{part}"
    folded = value.casefold()
    if not folded.isascii():
        folded = normalize("NFKC", "".join(c for c in normalize("NFKD", folded) if category(c) != "Cf")).casefold()
    return _BETWEEN_LETTERS.sub("", folded)
