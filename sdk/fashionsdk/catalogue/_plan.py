"""The plan of a catalogue: which rows of the table belong to which shard, fixed when the first shard begins."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from fashionsdk._tools import strict_json
from fashionsdk._tools.files.atomic_file import locked, replacing
from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk._tools.progress import progress_bar
from fashionsdk.catalogue._table_rows import batches, is_parquet, parquet_size, photo_column
from fashionsdk.errors import FashionSDKError
from fashionsdk.labels import column_values

PLAN_FILE = "plan.json"
ROWS_A_SHARD = 50_000  # unless told otherwise
END_BYTES = 2**20  # of a table's start and end, by which it is known again
FORMAT_VERSION = 1


@dataclass(frozen=True)
class CataloguePlan:
    """How a table is cut into shards.

    Attributes:
        rows: of the table.
        shards: N.
        numbers: columns of a CSV table that hold numbers.
        table: what the table is known by: its bytes, and a digest of its start and end.
    """

    rows: int
    shards: int
    numbers: tuple[str, ...]
    table: str

    def range(self, shard: int) -> tuple[int, int]:
        """Return the rows of a shard, counted from 1: from the first to before the second number."""
        return (shard - 1) * self.rows // self.shards, shard * self.rows // self.shards

    def file(self, shard: int) -> str:
        """Return the name of a shard's file."""
        return f"shard-{shard:05}-of-{self.shards:05}.parquet"

    def failures_file(self, shard: int) -> str:
        """Return the name of the list of a shard's photos that cannot be read."""
        return f"shard-{shard:05}-of-{self.shards:05}.failures.csv"


def make_plan(table: Path, out: Path, shards: int | None = None, *, progress: bool = False) -> CataloguePlan:
    """Return the plan in a folder; make it if there is none yet.

    Args:
        table: CSV or Parquet.
        out: the folder, which may be missing.
        shards: N; ``None`` for what the plan says, or for a shard for each 50,000 rows.
        progress: whether to show a progress bar while rows are counted.

    Raises:
        LabelsError: the table cannot be read, or has no column of photos.
        FashionSDKError: the folder cannot be written, or holds the plan of another table or number of shards.
    """
    known = known_by(table)
    with system_errors_as(FashionSDKError, f"cannot write {out}"):
        out.mkdir(parents=True, exist_ok=True)
        with locked(out / ".planning"):
            if (out / PLAN_FILE).exists():
                return _checked(read_plan(out), out, known, shards)
            rows, numbers = _counted(table, progress)
            plan = CataloguePlan(rows, shards or max(1, -(-rows // ROWS_A_SHARD)), numbers, known)
            with replacing(out / PLAN_FILE) as file:
                file.write(json.dumps({"format": FORMAT_VERSION, **asdict(plan)}, indent=2).encode())
    return plan


def read_plan(out: Path) -> CataloguePlan:
    """Return the plan in a folder.

    Raises:
        FashionSDKError: there is none, or it cannot be read.
    """
    try:
        value = strict_json.loads((out / PLAN_FILE).read_bytes())
        if value.pop("format", None) != FORMAT_VERSION:
            raise ValueError(f"it is of another format than {FORMAT_VERSION}")
        return strict_json.decode(CataloguePlan, value, "plan")
    except FileNotFoundError as error:
        raise FashionSDKError(f"{out} holds no {PLAN_FILE}; expected a folder of embed-catalogue") from error
    except (OSError, ValueError, AttributeError) as error:
        raise FashionSDKError(
            f"{out / PLAN_FILE} cannot be read: {error}; remove the folder, and begin again"
        ) from error


def known_by(table: Path) -> str:
    """Return what a table is known by: its bytes, and a digest of its start and end.

    Raises:
        LabelsError: it cannot be read.
    """
    is_parquet(table)  # it can be read
    size, sha256 = table.stat().st_size, hashlib.sha256()
    with table.open("rb") as file:
        sha256.update(file.read(END_BYTES))
        file.seek(max(0, size - END_BYTES))
        sha256.update(file.read())
    return f"{size} bytes, {sha256.hexdigest()}"


def _checked(plan: CataloguePlan, out: Path, known: str, shards: int | None) -> CataloguePlan:
    if plan.table != known:
        raise FashionSDKError(
            f"{out} holds shards of another table, or the table has changed; choose another folder, or restore the "
            "table"
        )
    if shards is not None and shards != plan.shards:
        raise FashionSDKError(f"{out} was begun with {plan.shards} shards, not {shards}; give the same number, or none")
    return plan


def _counted(table: Path, progress: bool) -> tuple[int, tuple[str, ...]]:
    """Return the number of rows, and which columns of a CSV table hold numbers in all of them."""
    if is_parquet(table):
        columns, count = parquet_size(table)
        photo_column(columns, table)
        return count, ()
    count, numbers = 0, dict[str, set[int]]()  # column -> how many decimals its numbers have
    with progress_bar(None, "counting rows", None, "row", shown=progress) as bar:
        for first, batch in batches(table):
            photo = photo_column(batch.schema.names, table)
            if not first:
                numbers = {name: set() for name in batch.schema.names if name != photo}
            for name in list(numbers):
                cells = batch.column(name).to_pylist()
                if column_values(cells) is cells and any(cells):
                    del numbers[name]
                else:
                    numbers[name] |= set(_decimals(cells))
            count = first + batch.num_rows
            bar.update(batch.num_rows)
    return count, tuple(name for name, decimals in numbers.items() if len(decimals) == 1)


def _decimals(cells: list[str]) -> Iterator[int]:
    return (len(cell.partition(".")[2]) for cell in cells if cell)
