"""Damaged label tables: bytes, cells, and what spreadsheets make of them."""

import csv
import io
import os
from pathlib import Path

import numpy as np

from damaged import bytes_damage
from fashionsdk import LabelsError
from fashionsdk.labels import read_labels, read_retrieval

ROWS = 60
STRANGE_CELLS = (
    "", " ", "nan", "NULL", "0", "-1", "1e999", "=HYPERLINK(1)", "é", "e\u0301", "\u200b", "\0", "\x1b[31m", '"', "a,b",
    "a\nb", "../../x", "/etc/passwd", "\\\\server\\x", "x" * 200_000, "\ud83d",
)  # fmt: skip


class Tables:
    """Tables of a few photos, read for training and for evaluation."""

    refusals: tuple[type[Exception], ...] = (LabelsError,)

    def __init__(self, folder: Path, seed: int) -> None:
        self._seed, self._path = seed, folder / f"{os.getpid()}.csv"
        values = ("red", "blue", ""), ("short", "long")
        self._rows = [["image", "split", "colour", "sleeve"]]
        for index in range(ROWS):
            cells = [column[index // 2 % len(column)] for column in values]
            self._rows.append([f"photos/{index}.jpg", ("train", "valid")[index % 2], *cells])

    def damaged(self, index: int) -> tuple[str, bytes]:
        """Return table ``index``."""
        rng = np.random.default_rng([self._seed, index])
        if index % 2:
            text = _written(self._rows, ",").encode()
            return "bytes", bytes_damage.damage(text, rng, text)
        return "cells", _encoded(_written(_changed(self._rows, rng), rng.choice([",", ",", ",", ";", "\t"])), rng)

    def read(self, content: bytes) -> None:
        """Read the table's two splits."""
        self._path.write_bytes(content)
        read_labels(self._path, "train")
        read_retrieval(self._path, "valid")


def _changed(rows: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    changed = [list(row) for row in rows]
    for _ in range(rng.integers(1, 6)):
        row = changed[0 if rng.random() < 0.3 else rng.integers(len(changed))]
        match rng.integers(5):
            case 0:
                changed.append(list(row))
            case 1 if row:
                del row[rng.integers(len(row))]
            case 2:
                row.append("more")
            case _ if row:
                row[rng.integers(len(row))] = STRANGE_CELLS[rng.integers(len(STRANGE_CELLS))]
    return changed


def _written(rows: list[list[str]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _encoded(text: str, rng: np.random.Generator) -> bytes:
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"])
    return text.encode(encoding, "replace" if encoding == "latin-1" else "surrogatepass")
