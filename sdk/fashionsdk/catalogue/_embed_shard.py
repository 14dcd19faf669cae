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


@dataclass(frozen=True)
class ShardEmbedder:
    """Embeds the shards of one plan.

    Attributes:
        embedder: the model.
        contract: what its vectors come from, and how they are stored.
        table: the table of the plan.
        out: the folder of the plan.
        plan: which rows belong to which shard.
        progress: whether to show a progress bar.
    """

    embedder: Embedder
    contract: Contract
    table: Path
    out: Path
    plan: CataloguePlan
    progress: bool = False

    def embed(self, shard: int) -> ShardSummary:
        """Embed the rows of a shard, counted from 1, into its file, unless it is there already.

        The file appears whole, when all rows are embedded. Started again after a kill it begins anew. Two processes
        that want the same shard take turns, and the second finds it done. Memory does not depend on the table's size.

        Raises:
            LabelsError: the table cannot be read.
            GalleryError: the shard is there, and is damaged or of another model.
            BackendError: the model fails to run.
            FashionSDKError: the folder cannot be written, or the table has changed.
            ValueError: there is no such shard.
        """
        if not 1 <= shard <= self.plan.shards:
            raise ValueError(f"shard is {shard}; expected 1 to {self.plan.shards}")
        if known_by(self.table) != self.plan.table:
            raise FashionSDKError(
                f"{self.table} is not the table of the plan in {self.out}, or it has changed; restore it"
            )
        name = self.plan.file(shard)
        path = self.out / name
        with system_errors_as(FashionSDKError, f"cannot write {path}"), locked(self.out / f".{name}.embedding"):
            if path.exists():
                info = read_info(path)
                self.contract.check(info.contract, what=f"the shard {path}")
                return ShardSummary(shard, path, info.embedded, info.failed, False)
            embedded, failed = self._write(shard)
        return ShardSummary(shard, path, embedded, failed, True)

    def _write(self, shard: int) -> tuple[int, int]:
        start, stop = self.plan.range(shard)
        read = rows(self.table, start, stop, self.plan.numbers)
        embedded, failures = 0, list[tuple[str, str]]()
        title = f"shard {shard} of {self.plan.shards}"
        with (
            writing_shard(self.out / self.plan.file(shard), self.contract) as writer,
            progress_bar(None, title, stop - start, "photo", shown=self.progress) as bar,
        ):
            for some in batched(read, WRITTEN_AT_ONCE):
                items, failed = _embedded(self.embedder, some, self.table.parent)
                failures += failed
                _write_items(writer, items)
                embedded += len(items)
                bar.update(len(some))
            seen = embedded + len(failures)
            if seen != stop - start:
                raise FashionSDKError(
                    f"{self.table} has {seen} rows for shard {shard}; expected {stop - start}: it has changed"
                )
            _write_failures(self.out / self.plan.failures_file(shard), failures)
            writer.finish(ShardInfo(self.contract, start, stop, embedded, len(failures)))
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


def _write_items(writer: ShardWriter, items: list[tuple[PhotoRow, Embeddings]]) -> None:
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
