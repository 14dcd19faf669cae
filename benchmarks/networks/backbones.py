"""Which backbone for which budget? Parameters, arithmetic, size, time on this CPU, and who may use the weights.

    python benchmarks backbones
    python benchmarks backbones --lite shop/labels.csv other/labels.csv --work runs/lite --plot backbones.png

Each is the default recipe's network (`cam_cpu`) for eight attributes with random weights, exported in FP32 and run by
ONNX Runtime on one thread, one photo at a time. Times are CPU time of the thread, as ratios to EfficientNet-Lite0 in
the same run. With ``--lite`` the backbones whose ImageNet weights are in packages, EfficientNet-Lite0, Lite1 and Lite2:
MAP of linear classifiers on their frozen features on each set, against time a photo. That takes an hour on one thread.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from backbone_study.candidates import CANDIDATES, REFERENCE, TERMS, Candidate
from backbone_study.cost import export_candidate, ratios, time_graphs
from backbone_study.frozen_map import FrozenMap, measure_maps
from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk._tools.progress import progress_bar
from harness.plots import lines
from harness.tables import json_lines, table
from harness.this_machine import OtherLoad, machine

SIDE = 224  # a whole number of patches of 14 and of 16 pixels
STAGE = 3  # of EfficientNet-Lite
HEADER = ("backbone", "parameters, M", "GFLOP a photo", "graph, MB", "time, Lite0 = 1", "licence of the weights", "for")
LITE_HEADER = ("set", "backbone", "side", "MAP", "time, Lite0 at 208 = 1", "photos")


def candidates_table(chosen: list[Candidate], side: int) -> str:
    """Return the table of the candidates at one side."""
    with scratch_folder() as folder:
        exported = {
            each.name: export_candidate(each, side, folder)
            for each in progress_bar(chosen, "exporting", None, "network")
        }
        graphs = {name: graph for name, (_, graph) in exported.items()}
        times = ratios(time_graphs(graphs, dict.fromkeys(graphs, side)), REFERENCE)
    return table(HEADER, [_cells(each, exported[each.name][0], times[each.name]) for each in chosen])


def _cells(candidate: Candidate, cost: object, time: float) -> list[str]:
    numbers = [f"{value:.1f}" for value in vars(cost).values()]
    licence = candidate.licence
    return [candidate.name, *numbers, f"{time:.2f}", licence, TERMS.get(licence, "read it")]


def lite_times(found: list[FrozenMap]) -> dict[tuple[str, int], float]:
    """Return the time of a photo by backbone and side, as a multiple of EfficientNet-Lite0 at 208 pixels."""
    measured = sorted({(each.backbone, each.side) for each in found})
    sides = {f"{backbone} at {side}": side for backbone, side in measured}
    with scratch_folder() as folder:
        graphs = {
            f"{backbone} at {side}": export_candidate(Candidate(backbone, STAGE), side, folder)[1]
            for backbone, side in progress_bar(measured, "exporting", None, "network")
        }
        times = ratios(time_graphs(graphs, sides), "tf_efficientnet_lite0 at 208")
    return {(backbone, side): round(times[f"{backbone} at {side}"], 2) for backbone, side in measured}


def lite_report(found: list[FrozenMap], plot: Path | None) -> str:
    """Return the table of MAP against time, and draw it."""
    times = lite_times(found)
    rows = [
        [each.data, each.backbone, str(each.side), f"{each.map:.2f}", f"{times[each.backbone, each.side]:.2f}",
         f"{each.photos}"]
        for each in found
    ]  # fmt: skip
    if plot is not None:
        series: dict[str, list[tuple[float, float]]] = {}
        for each in found:
            series.setdefault(each.data, []).append((times[each.backbone, each.side], each.map))
        points = {f"photos of {data}": sorted(measured) for data, measured in series.items()}
        labels = ("time a photo, EfficientNet-Lite0 at 208 pixels = 1", "MAP of linear classifiers, %")
        title = "Frozen features of EfficientNet-Lite0, Lite1 and Lite2, from left to right"
        lines(plot, title, points, labels, from_zero=False)
    return f"{table(LITE_HEADER, rows)}\n{json_lines(map(asdict, found))}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="backbones whose name has one of these in it")
    parser.add_argument("--lite", nargs="+", type=Path, metavar="TABLE", help="label tables of the sets for MAP")
    parser.add_argument("--sides", nargs="+", type=int, default=[208, 0], help="for --lite; 0 is that of its training")
    parser.add_argument("--work", type=Path, default=Path("runs/backbones"), help="folder for features and results")
    parser.add_argument("--plot", type=Path, help="PNG file for the chart of --lite")
    args = parser.parse_args()
    load = OtherLoad()
    if args.lite:
        args.work.mkdir(parents=True, exist_ok=True)
        found = list(measure_maps(args.lite, [side or None for side in args.sides], args.work))
        print(lite_report(found, args.plot))
    else:
        named = [each for each in CANDIDATES if not args.only or any(text in each.name for text in args.only)]
        chosen = named if any(each.name == REFERENCE for each in named) else [*named, Candidate(REFERENCE, STAGE)]
        print(candidates_table(chosen, SIDE))
    print(json_lines([{**machine("timm", "torch", "onnxruntime"), "other_load_cores": load.cores()}]))


if __name__ == "__main__":
    main()
