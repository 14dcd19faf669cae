"""``fashionsdk embed-catalogue``: a table of photos to shards of vectors."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_embedder_options,
    add_plain_command,
    load_embedder,
    nonblank,
    positive,
)
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.commands.gallery import CODECS
from fashionsdk.cli.galleries import contract_of, require

if TYPE_CHECKING:
    from fashionsdk.catalogue import ShardSummary

HELP = Help(
    name="embed-catalogue",
    summary="embed a table of any number of photos into shards",
    description="""\
Embed the photos of a table into shards: Parquet files of keys, metadata and vectors, which 'fashionsdk gallery load'
puts into a gallery, and which Spark, DuckDB or pandas read.

TABLE is CSV or Parquet with a column photo (or image, or file_name): paths from the table's folder on. A column key has
the items' keys, else the paths are. Every other column becomes metadata.

A shard appears whole or not at all. Started again, the command embeds only what is missing, so a run can be killed at
any moment. Several machines share the work: give each its own --shard. Photos that cannot be read are listed, with the
reason, in a .failures.csv beside the shard.""",
    examples="""\
  fashionsdk embed-catalogue shop/photos.csv --bundle bundle/ --out vectors/
  fashionsdk embed-catalogue shop/photos.parquet --bundle bundle/ --out vectors/ --shards 64 --shard 3/64
  fashionsdk gallery load vectors/ --into shop/""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    parser.add_argument("table", type=nonblank, metavar="TABLE", help="CSV or Parquet table of photos")
    parser.add_argument("--out", type=nonblank, required=True, metavar="DIR", help="folder for the shards")
    parser.add_argument(
        "--shards", type=positive, metavar="N", help="how many shards (default: one for each 50,000 rows)"
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="embed this shard only, counted from 1 (default: all that are missing)",
    )
    parser.add_argument("--codec", choices=CODECS, help="how vectors are stored (default: as the bundle says)")
    add_embedder_options(parser)


def run(args: argparse.Namespace) -> int:
    """Embed what is missing, shard by shard."""
    require("pyarrow", "catalogue")
    from fashionsdk.catalogue import ShardEmbedder, make_plan

    only, shards = args.shard or (None, args.shards)
    if args.shard and args.shards not in (None, shards):
        raise ValueError(f"--shard is of {shards} shards, and --shards is {args.shards}; expected the same number")
    table, out = Path(args.table), Path(args.out)
    plan = make_plan(table, out, shards, progress=True)
    done = []
    with load_embedder(args) as embedder:
        embedding = ShardEmbedder(embedder, contract_of(embedder, args.codec), table, out, plan, progress=True)
        for shard in range(1, plan.shards + 1) if only is None else [only]:
            done.append(embedding.embed(shard))
            note(_described(done[-1]))
    total, failed = sum(each.embedded for each in done), sum(each.failed for each in done)
    note(f"{total} photos in {len(done)} of {plan.shards} shards, {failed} could not be read")
    if args.json:
        shown = [
            {"file": str(each.file), "embedded": each.embedded, "failed": each.failed, "new": each.new} for each in done
        ]
        print_json({"out": str(out), "rows": plan.rows, "shards": plan.shards, "done": shown})
    return 0


def _described(summary: "ShardSummary") -> str:
    state = "embedded" if summary.new else "there already"
    failed = f", {summary.failed} could not be read" if summary.failed else ""
    return f"{summary.file.name}: {summary.embedded} photos {state}{failed}"


def _shard(text: str) -> tuple[int, int]:
    """Parse ``3/64``."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    shard, shards = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= shard <= shards:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a shard and how many there are, such as 3/64")
    return shard, shards
