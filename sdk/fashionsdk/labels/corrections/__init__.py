"""Labels that seem wrong and what a person decided about each: a CSV file, and the label table that follows from it.

``docs/label-format.md`` describes the file.
"""

from fashionsdk.labels.corrections._correct_table import correct_questions, correct_table
from fashionsdk.labels.corrections._correction_rows import Correction, Corrections, read_corrections, write_corrections

__all__ = [
    "Correction",
    "Corrections",
    "correct_questions",
    "correct_table",
    "read_corrections",
    "write_corrections",
]
