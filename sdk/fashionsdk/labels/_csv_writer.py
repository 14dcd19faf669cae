"""Write a CSV table, as `read_csv` reads one."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fashionsdk._tools.files.atomic_file import replacing


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write a table in one step, so that a reader never sees half of it.

    Args:
        path: the file; an existing one is replaced.
        columns: the columns' names, in order.
        rows: for each row its cells by column; a column that a row lacks is blank.

    Raises:
        ValueError: a row has a cell for a column that is not among ``columns``.
        OSError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(path) as file:
        file.write(text.getvalue().encode())
