"""Embed the rows of one shard."""

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

from fashionsdk._tools.batches import batched
from fashionsdk._tools.files.atomic_file import locked, replacing
from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk._tools.progress import progress_bar
from fashionsdk.catalogue._plan import CataloguePlan, known_by
from fashionsdk.catalogue._shard_file import ShardInfo, ShardWriter, read_info, writing_shard
from fashionsdk.catalogue._table_rows import PhotoRow, rows
from fashionsdk.embedding import Embedder
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import FashionSDKError
from fashionsdk.search import Contract

WRITTEN_AT_ONCE = 1024  # items in memory


@dataclass(frozen=True)
class ShardSummary:
    """What was done for a shard.

    Attributes:
        shard: its number, from 1 on.
        file: where it is.
        embedded: items in it.
        failed: rows whose photo could not be read; the file beside it says why.
        new: False if it was there already.
    """

    shard: int
    file: Path
    embedded: int
    failed: int
    new: bool


def embed_shard(
    embedder: Embedder,
    contract: Contract,
    table: Path,
    out: Path,
    plan: CataloguePlan,
    shard: int,
    *,
    progress: bool = False,
) -> ShardSummary:
    """Embed the rows of a shard into its file, unless it is there already.

    The file appears whole, when all rows are embedded. Started again after a kill it begins anew. Two processes that
    want the same shard take turns, and the second finds it done. Memory does not depend on the table's size.

    Args:
        embedder: the model.
        contract: what its vectors come from, and how they are stored.
        table: the table of the plan.
        out: the folder of the plan.
        plan: which rows.
        shard: the shard's number, from 1 on.
        progress: whether to show a progress bar.

    Raises:
        LabelsError: the table cannot be read.
        GalleryError: the shard is there, and is damaged or of another model.
        BackendError: the model fails to run.
        FashionSDKError: the folder cannot be written, or the table has changed.
        ValueError: there is no such shard.
    """
    if not 1 <= shard <= plan.shards:
        raise ValueError(f"shard is {shard}; expected 1 to {plan.shards}")
    if known_by(table) != plan.table:
        raise FashionSDKError(f"{table} is not the table of the plan in {out}, or it has changed; restore it")
    path = out / plan.file(shard)
    with system_errors_as(FashionSDKError, f"cannot write {path}"), locked(out / f".{plan.file(shard)}.embedding"):
        if path.exists():
            info = read_info(path)
            contract.check(info.contract, what=f"the shard {path}")
            return ShardSummary(shard, path, info.embedded, info.failed, False)
        embedded, failed = _embed(embedder, contract, table, out, plan, shard, progress)
    return ShardSummary(shard, path, embedded, failed, True)


def _embed(
    embedder: Embedder,
    contract: Contract,
    table: Path,
    out: Path,
    plan: CataloguePlan,
    shard: int,
    progress: bool,
) -> tuple[int, int]:
    start, stop = plan.range(shard)
    read = rows(table, start, stop, plan.numbers)
    embedded, failures = 0, list[tuple[str, str]]()
    with (
        writing_shard(out / plan.file(shard), contract) as writer,
        progress_bar(None, f"shard {shard} of {plan.shards}", stop - start, "photo", shown=progress) as bar,
    ):
        for some in batched(read, WRITTEN_AT_ONCE):
            items, failed = _embedded(embedder, some, table.parent)
            failures += failed
            _write(writer, items)
            embedded += len(items)
            bar.update(len(some))
        seen = embedded + len(failures)
        if seen != stop - start:
            raise FashionSDKError(f"{table} has {seen} rows for shard {shard}; expected {stop - start}: it has changed")
        _write_failures(out / plan.failures_file(shard), failures)
        writer.finish(ShardInfo(contract, start, stop, embedded, len(failures)))
    return embedded, len(failures)


def _embedded(
    embedder: Embedder, some: list[PhotoRow], root: Path
) -> tuple[list[tuple[PhotoRow, Embeddings]], list[tuple[str, str]]]:
    """Return the rows whose photo can be read, with its embeddings, and the others' keys with the reason."""
    items, failed = list[tuple[PhotoRow, Embeddings]](), list[tuple[str, str]]()
    paths = [os.path.join(root, row.path) for row in some]
    for row, item in zip(some, embedder.embed_many(paths, on_error="skip"), strict=True):
        if item.embeddings is None:
            failed.append((row.key, str(getattr(item.error, "reason", item.error))))
        else:
            items.append((row, item.embeddings))
    return items, failed


def _write(writer: ShardWriter, items: list[tuple[PhotoRow, Embeddings]]) -> None:
    if items:
        joined = Embeddings.joined([embeddings for _, embeddings in items])
        vectors = {name: joined[name] for name in joined.attributes}
        writer.write([row.key for row, _ in items], vectors, [row.metadata for row, _ in items])


def _write_failures(path: Path, failures: list[tuple[str, str]]) -> None:
    """Write which photos failed, before the shard appears; no file if none did."""
    if not failures:
        path.unlink(missing_ok=True)  # of a run that was killed
        return
    text = io.StringIO()
    csv.writer(text).writerows([("key", "reason"), *failures])
    with replacing(path) as file:
        file.write(text.getvalue().encode("utf-8", "surrogateescape"))
