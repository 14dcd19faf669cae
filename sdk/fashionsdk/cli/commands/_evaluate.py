"""``fashionsdk evaluate``: MAP and recall on labelled photos, and whether they differ from what an export recorded."""

import argparse
from typing import TYPE_CHECKING

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._labelled_split import HOW_QUERIES_ARE_CHOSEN, load_split
from fashionsdk.cli._options import Help, Subparsers, add_command, add_data_options, load_embedder, nonblank
from fashionsdk.cli._output import note, print_answer, print_json
from fashionsdk.cli._print_scores import print_scores
from fashionsdk.cli._table_format import labelled_data
from fashionsdk.errors import BundleError

if TYPE_CHECKING:
    from fashionsdk.bundle import Quality
    from fashionsdk.embedding import Embedder
    from fashionsdk.evaluation import Evaluation
    from fashionsdk.evaluation.drift import Drift
    from fashionsdk.labels import RetrievalSplit

DROPPED = 3  # the exit code of --fail-on-drop; 1 and 2 are errors
THE_SAME = True  # --against without a bundle
HELP = Help(
    name="evaluate",
    summary="measure MAP on labelled photos, and whether it dropped",
    description=f"""\
Measure a bundle on labelled photos: mean average precision (MAP), the MAP of a random ranking, and recall at 1 and 10,
in percent, for each attribute and over all queries.

TABLE is a CSV file with the columns image (a path relative to it), split, and one for each attribute.
{HOW_QUERIES_ARE_CHOSEN}

--against says whether quality has drifted: it compares new photos, such as those labelled last week, with the MAP that
the bundle's manifest records. Both are MAPs in one standard gallery, 100 photos with the recorded shares of values, so
that other numbers of photos and other shares make no difference. Every photo asks, and all others are candidates. Each
line has the difference with an interval; no line says "dropped" or "improved" in 95 of 100 comparisons of photos from
the same source. A difference that cannot be shown may still be there: more photos make the interval narrower. It needs
a bundle that was exported with --data.""",
    examples="""\
  fashionsdk evaluate bundle/ --data shop/labels.csv
  fashionsdk evaluate bundle/ --data shop/ --split test --attribute neckline --json
  fashionsdk evaluate bundle/ --data last-week/ --split new --against --fail-on-drop
  fashionsdk evaluate new-bundle/ --data last-week/ --against bundle/""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_data_options(parser)
    drift = parser.add_argument_group("drift")
    drift.add_argument(
        "--against",
        nargs="?",
        const=THE_SAME,
        metavar="BUNDLE",
        type=nonblank,
        help="compare with the quality that this bundle's manifest records (without a name: the evaluated bundle's)",
    )
    drift.add_argument(
        "--fail-on-drop",
        action="store_true",
        help=f"with --against: exit code {DROPPED} if an attribute, or the mean, dropped; for scheduled runs",
    )


def run(args: argparse.Namespace) -> int:
    """Embed the split and print its scores, or their drift."""
    from fashionsdk.labels import LabelSource

    if args.fail_on_drop and args.against is None:
        raise ValueError("--fail-on-drop needs --against, which says what quality may not drop below")
    split = load_split(args, LabelSource.of(labelled_data(args), args.attribute))
    with load_embedder(args) as embedder:
        quality = None if args.against is None else _recorded(_against(args), embedder)
        photo_run = PhotoRun(embedder)
        scores, drift = _measure(split, photo_run, quality)
    if drift is None:
        print_scores(args, scores, photo_run)
        return 0
    _print_drift(args, scores, drift, photo_run)
    return DROPPED if args.fail_on_drop and drift.dropped else 0


def _against(args: argparse.Namespace) -> str:
    return str(args.bundle if args.against is THE_SAME else args.against)


def _recorded(path: str, embedder: "Embedder") -> "Quality":
    """Return the recorded quality of the graph in the embedder's precision, or of the bundle's first.

    Raises:
        BundleError: none is recorded.
    """
    from fashionsdk.bundle import Bundle

    graphs = Bundle.open(path, verify=False).manifest.graphs
    graph = next((each for each in graphs if each.precision == embedder.backend.precision), graphs[0])
    if graph.quality is None:
        raise BundleError(
            f"{path}: the manifest has no quality of the {graph.precision} graph to compare with; export the "
            "checkpoint again with export/build_engine.py CHECKPOINT --data TABLE"
        )
    return graph.quality


def _measure(
    split: "RetrievalSplit", photo_run: PhotoRun, quality: "Quality | None"
) -> tuple["Evaluation", "Drift | None"]:
    from fashionsdk.evaluation import check_attributes, score, scratch_vectors
    from fashionsdk.evaluation.drift import EmbeddedSplit, measure_drift

    names, values = photo_run.attributes, photo_run.embedder.values
    check_attributes(split, names)
    with scratch_vectors(photo_run.batches(split.sources), len(split.images)) as vectors:
        scores = score(split, vectors, names, values)
        if quality is None:
            return scores, None
        return scores, measure_drift(EmbeddedSplit(split, vectors, names, values), quality)


def _print_drift(args: argparse.Namespace, scores: "Evaluation", drift: "Drift", photo_run: PhotoRun) -> None:
    against = _against(args)
    note(
        f"{args.data}, split {args.split}, against {against}: MAP in a gallery of 100 photos with its shares of values"
    )
    if args.json:
        head = {"data": args.data, "split": args.split, "against": against}
        print_json({**head, **scores.to_json(), "drift": drift.to_json(), **photo_run.summary()})
    else:
        print_answer(drift.table())
