"""``fashionsdk gallery add``: photos into a gallery, new or old."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._metadata_table import add_metadata_option, read_metadata
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_model_options,
    add_photo_options,
    add_plain_command,
    chosen_photos,
    load_embedder,
    nonblank,
)
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.galleries import add_store_argument, changing, contract_of, precisions_of, shown_address

if TYPE_CHECKING:
    from fashionsdk.embeddings import Embeddings
    from fashionsdk.search import Matcher

WRITTEN_AT_ONCE = 256  # items: each write waits for the disk
CODECS = ("float32", "int8")

HELP = Help(
    name="add",
    summary="embed photos into a gallery",
    description="""\
Embed photos and add them to a gallery, which is made if it is not there yet.

An item's key is its photo's path as given, without ./ and the like. Photos whose keys are there already are left out
without being read, so a command that was interrupted goes on when it is given again.""",
    examples="""\
  fashionsdk gallery add shop/ --bundle bundle/ photos/
  fashionsdk gallery add shop/ --bundle bundle/ photos/ --metadata products.csv --codec int8
  fashionsdk gallery add shop.gallery --bundle bundle/ new/ --existing replace""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    add_store_argument(parser)
    parser.add_argument("--bundle", required=True, type=nonblank, metavar="BUNDLE", help="folder of the exported model")
    add_photo_options(parser, None)
    add_metadata_option(parser)
    parser.add_argument(
        "--existing",
        choices=("skip", "replace", "raise"),
        default="skip",
        help="photos whose keys are in the gallery: leave them out (default), embed them again, or stop",
    )
    parser.add_argument(
        "--codec",
        choices=CODECS,
        help="how a new gallery keeps vectors; int8 takes a quarter of the space (default: the bundle's, float32 "
        "unless it was exported with --bytes-per-item)",
    )
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Embed the photos that are to be added, and write them some at a time."""
    found = chosen_photos(args)
    metadata = read_metadata(args.metadata, found.photos)
    with (
        load_embedder(args) as embedder,
        changing(args.store, contract_of(embedder, args.codec), args.codec, precisions_of(embedder)) as matcher,
    ):
        photos = _to_add(args, found.photos, matcher)
        known = len(found.photos) - len(photos)
        photo_run = PhotoRun.of(embedder, found, args.on_error, known)
        for batch in _batches(photo_run, photos) if photos else ():
            _write(matcher, batch, metadata, replace=args.existing == "replace")
        note(f"added {photo_run.embedded} items to {shown_address(args.store)}, which holds {len(matcher)}")
        answer = {
            "store": shown_address(args.store),
            "items": len(matcher),
            "existing": known,
            **photo_run.summary(),
        }
    if args.json:
        print_json(answer)
    return 0


def _to_add(args: argparse.Namespace, photos: Sequence[str], matcher: "Matcher") -> list[str]:
    """Return the photos to embed.

    Raises:
        ValueError: one is in the gallery, and ``--existing`` is ``raise``.
    """
    known = matcher.known(photos) if args.existing != "replace" else set[str]()
    if known and args.existing == "raise":
        key = next(photo for photo in photos if photo in known)
        raise ValueError(f"{key!r} is in {shown_address(args.store)} already; choose --existing skip or replace")
    if known:
        note(f"left out {len(known)} of {len(photos)} photos, which are in {shown_address(args.store)} already")
    return [photo for photo in photos if photo not in known]


def _batches(photo_run: PhotoRun, photos: Sequence[str]) -> Iterator[list[tuple[str, "Embeddings"]]]:
    batch = list[tuple[str, "Embeddings"]]()
    for position, embeddings in photo_run(photos):
        batch.append((photos[position], embeddings))
        if len(batch) == WRITTEN_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(
    matcher: "Matcher",
    batch: Sequence[tuple[str, "Embeddings"]],
    metadata: Mapping[str, Mapping[str, Any]],
    *,
    replace: bool,
) -> None:
    from fashionsdk.embeddings import Embeddings

    keys = [key for key, _ in batch]
    entries = [metadata.get(key, {}) for key in keys]
    matcher.add(keys, Embeddings.joined([embeddings for _, embeddings in batch]), entries, replace=replace)
