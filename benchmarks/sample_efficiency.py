"""How many photos must be passed? The papers' sampling against every valid triplet of a batch, on one axis.

    python benchmarks/sample_efficiency.py --out runs/sample-efficiency  # garments; goes on if stopped
    python benchmarks/sample_efficiency.py --out runs/shop --data shop/labels.csv --name shop

The papers draw triplets: three photos teach one comparison of one attribute. This project draws groups of photos that
share a value, and learns from every valid triplet of the batch for every attribute that its photos are labelled for,
beside a proxy of each value. Both use the same network (ASEN as in ``systems.py``), optimiser, schedule and
augmentation; this project's sampling gets a fifth of the passes. Writes the curves as a PNG file and a table.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from fashionsdk_training.cli import show_log
from fashionsdk_training.config import Objective, Sampling, TrainConfig
from harness.tables import table
from harness.this_machine import machine
from harness.training_runs import Run, draw_garments
from systems import small, train_all

SHARE = 5  # this project's sampling gets the papers' passes divided by this
PAPERS, TRIPLETS, PROXIES = "papers' triplets", "every valid triplet", "every valid triplet and proxies"

HEADER = ("sampling", "photo passes", "MAP at the end", "reaches the papers' end after", "share of its passes")


def configs(epochs: int, seed: int) -> dict[str, TrainConfig]:
    """Return the settings of each curve; ``epochs`` is the papers'."""
    papers = replace(
        small("asen", epochs, seed),
        evaluate_every=1,
        sampling=Sampling("triplets", batch_size=63),
        objective=Objective(proxy_weight=0.0),
    )
    every = replace(papers, epochs=max(1, epochs // SHARE), sampling=Sampling())
    return {PAPERS: papers, TRIPLETS: every, PROXIES: replace(every, objective=Objective())}


def curve(result: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Return photo passes and MAP after each epoch."""
    passes, maps, total = [0.0], [float(result["metrics"]["random_map"])], 0.0
    for row in result["history"]:
        total += row["photos"]
        passes.append(total)
        maps.append(row["map"])
    return passes, maps


def plot(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], file: Path) -> None:
    """Draw MAP over photo passes."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, (passes, maps) in curves.items():
        axes.plot(passes, maps, marker="o", markersize=3, label=name)
    axes.axhline(curves[PAPERS][1][-1], color="grey", linewidth=0.8, linestyle="--")
    axes.set(xlabel="photo passes", ylabel="MAP over queries (%)", ylim=(0, None), xlim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(file, dpi=150)


def reached(curve: tuple[Sequence[float], Sequence[float]], level: float) -> float | None:
    """Return the photo passes after which a curve reaches ``level`` for the first time, if it does."""
    return next((passes for passes, value in zip(*curve, strict=True) if value >= level), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path, help="folder of all runs; started again, it goes on there")
    parser.add_argument("--data", type=Path, help="label table (default: generated garments, drawn under --out)")
    parser.add_argument("--name", default="garments", help="of the data, for folders (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=15, help="of the papers' sampling (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once (default: %(default)s)")
    args = parser.parse_args()
    show_log()
    labels = args.data or draw_garments(args.out / "garments")
    runs = {
        name: Run(config, labels, args.out / f"{args.name}-{index}", args.out / f"photos-{args.name}")
        for index, (name, config) in enumerate(configs(args.epochs, args.seed).items())
    }
    results = dict(zip(runs, train_all(list(runs.values()), args.jobs, threads=1), strict=True))
    curves = {name: curve(result) for name, result in results.items()}
    plot(curves, args.out / f"{args.name}.png")
    level, budget = curves[PAPERS][1][-1], curves[PAPERS][0][-1]
    rows = []
    for name, (passes, maps) in curves.items():
        first = reached((passes, maps), level)
        cells = ("never", "") if first is None else (f"{first:,.0f}", f"{first / budget:.0%}")
        rows.append([name, f"{passes[-1]:,.0f}", f"{maps[-1]:.1f}", *cells])
    print(table(HEADER, rows))
    print(json.dumps({"curves": curves, **machine("torch")}))


if __name__ == "__main__":
    main()
