"""Put the shards of a catalogue into a gallery."""

from collections.abc import Iterator
from pathlib import Path

from fashionsdk.catalogue._plan import read_plan
from fashionsdk.catalogue._shard_file import read_info, read_shard
from fashionsdk.errors import FashionSDKError
from fashionsdk.search import Contract, Matcher, put_items


def shard_files(folder: Path, *, partial: bool = False) -> tuple[list[Path], Contract, int]:
    """Return the shards of a catalogue in order, what their vectors come from, and how many items they hold.

    Args:
        folder: of ``embed-catalogue``.
        partial: whether shards may be missing.

    Raises:
        FashionSDKError: shards are missing, without ``partial``; there is none; or one is damaged.
        GalleryError: the shards come from different models.
    """
    plan = read_plan(folder)
    paths = [folder / plan.file(shard) for shard in range(1, plan.shards + 1)]
    there = [path for path in paths if path.exists()]
    if not there or (len(there) < len(paths) and not partial):
        missing = [path.name for path in paths if path not in there]
        raise FashionSDKError(
            f"{folder} lacks {len(missing)} of {len(paths)} shards, such as {missing[0]}; embed them, or load those "
            "that are there with --partial"
        )
    infos = [read_info(path) for path in there]
    for path, info in zip(there, infos, strict=True):
        infos[0].contract.check(info.contract, what=f"the shard {path}")
    return there, infos[0].contract, sum(info.embedded for info in infos)


def load_shards(paths: list[Path], matcher: Matcher, *, replace: bool = False) -> Iterator[tuple[int, int]]:
    """Put the items of shards into a gallery, some at a time; yield how many were read and written after each.

    What was yielded is in the gallery. Called again after an interruption it writes only what is missing. Of several
    rows with one key the first is taken.

    Args:
        paths: the shards.
        matcher: the gallery, whose codec may be another.
        replace: whether items whose keys are there are replaced, instead of left out.

    Raises:
        GalleryError: a shard is damaged, its vectors do not compare, or the gallery cannot be written.
    """
    for path in paths:
        matcher.contract.check(read_info(path).contract, what=f"the shard {path}", codec=False)
        for items in read_shard(path):
            yield len(items.keys), put_items(items, matcher, "replace" if replace else "skip")
