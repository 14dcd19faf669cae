"""The formats of label tables: each is one small file that returns the same rows.

``docs/label-format.md`` describes them. A new format is a file here and a line in ``_choice.py``.
"""

from fashionsdk.labels.formats._choice import FORMATS, read_rows, table_file
from fashionsdk.labels.formats._frame import frame_rows
from fashionsdk.labels.formats._table_rows import TableRows

__all__ = ["FORMATS", "TableRows", "frame_rows", "read_rows", "table_file"]
