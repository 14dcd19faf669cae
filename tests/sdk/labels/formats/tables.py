"""One small table, written in every format."""

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

COLUMNS = ("image", "split", "product", "colour", "sleeve")
ROWS = (
    ("a.jpg", "train", "p1", "red", "long"),
    ("b.jpg", "train", "p1", "red", ""),
    ("c.jpg", "train", "p2", "blue", "short"),
    ("d.jpg", "valid", "p3", "red", "short"),
    ("e.jpg", "valid", "p4", "red", "short"),
    ("f.jpg", "valid", "p5", "blue", ""),
)


def photo(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)
    return path


def csv_text(columns, rows, separator=","):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def write(path: Path, columns=COLUMNS, rows=ROWS) -> Path:
    """Write a table in the format of the file's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".csv":
            path.write_text(csv_text(columns, rows), encoding="utf-8")
        case ".tsv":
            path.write_text(csv_text(columns, rows, "\t"), encoding="utf-8")
        case ".jsonl":
            lines = [json.dumps({name: cell or None for name, cell in zip(columns, row, strict=True)}) for row in rows]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        case ".parquet":
            cells = zip(*rows, strict=True)
            pq.write_table(
                pa.table({name: [cell or None for cell in each] for name, each in zip(columns, cells, strict=True)}),
                path,
            )
    return path
