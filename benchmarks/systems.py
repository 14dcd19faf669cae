"""Which system of the papers is best, on the same data, budget and seeds? One table; started again, it goes on.

    python benchmarks/systems.py --out runs/systems                                  # generated garments, three seeds
    python benchmarks/systems.py --out runs/systems --data shop/labels.csv --name shop --seeds 1
    python benchmarks/systems.py --out runs/systems --system asen asen_without_asa asen_without_aca   # the ablation

Every system: EfficientNet-Lite0 cut at stride 16 (ASEN++ two of them), 96 pixels, groups of photos that share a value,
the papers' triplet loss on every valid triplet of a batch beside a proxy loss, the same photo passes. ASEN++ cuts its
regions from 192 pixels and trains its global branch alone for the first half. ``--scale paper`` takes the papers' own
recipes instead.
Graph milliseconds: the exported bundle in ONNX Runtime, one photo at a time, all systems in turn.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import open_backend
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training import recipes
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli import show_log
from fashionsdk_training.config import LocalBranch, ModelConfig, Optimisation, TrainConfig, systems
from harness.measure import measure
from harness.separate_process import map_in_processes
from harness.tables import row, spread
from harness.this_machine import machine
from harness.training_runs import Run, draw_garments, use_threads

SIDE, STORED_SIDE = 96, 112
BASE = ModelConfig(stage=3, embedding_dimension=512)
LOCAL = LocalBranch("tf_efficientnet_lite0", 3, side=SIDE // 2, global_side=SIDE)
RATES = Optimisation(learning_rate=2e-3, backbone_rate=0.5)  # few passes want high ones
SYSTEMS = systems(BASE, LOCAL)
PAPER = {"csn_prior": "csn", "csn_fixed": "csn"}  # whose recipe they share


def small(system: str, epochs: int, seed: int) -> TrainConfig:
    """Return settings of minutes on two cores."""
    config = TrainConfig(
        model=SYSTEMS[system],
        side=SIDE,
        stored_side=STORED_SIDE,
        epochs=epochs,
        evaluate_every=epochs,
        optimisation=RATES,
        seed=seed,
    )
    if system != "asen_pp":
        return config
    stages = replace(RATES, global_epochs=epochs // 2)
    return replace(config, side=2 * SIDE, stored_side=2 * STORED_SIDE, optimisation=stages)


def paper(system: str, epochs: int | None, seed: int) -> TrainConfig:
    """Return the papers' settings, for a GPU."""
    config = recipes.RECIPES[f"{PAPER.get(system, system)}_paper"]()
    model = replace(config.model, masks=SYSTEMS[system].masks)
    epochs = epochs or config.epochs
    stages = replace(config.optimisation, global_epochs=config.optimisation.global_epochs * epochs // config.epochs)
    return replace(config, model=model, seed=seed, epochs=epochs, evaluate_every=10, optimisation=stages)


def train(run: Run, threads: int) -> Mapping[str, Any]:
    """Train in this process."""
    use_threads(threads)
    return run.result()


def all_runs(args: argparse.Namespace, table: Path) -> dict[tuple[str, int], Run]:
    runs = {}
    for seed in range(args.seeds):
        for system in args.system:
            config = (paper if args.scale == "paper" else small)(system, args.epochs, seed)
            out = args.out / f"{args.name}-{args.scale}-{args.epochs or 'full'}" / f"{system}-{seed}"
            runs[system, seed] = Run(config, table, out, args.out / f"photos-{args.name}")
    return runs


def train_all(runs: Sequence[Run], jobs: int, threads: int) -> list[Mapping[str, Any]]:
    if jobs == 1:
        return [train(run, threads) for run in progress_bar(runs, "runs", None, "run")]
    results = map_in_processes(partial(train, threads=threads), runs, jobs)
    return list(progress_bar(results, "runs", len(runs), "run"))


def graph_milliseconds(runs: Mapping[str, Run], calls: int) -> dict[str, float]:
    """Return the median time of one photo through each system's bundle."""
    functions = {}
    for system, run in runs.items():
        bundle = build_bundle(Checkpoint.load(run.checkpoint), run.out / "bundle", overwrite=True).bundle
        backend = open_backend(bundle, "cpu", None)
        shape = bundle.manifest.preprocessing.shape
        image = np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)
        functions[system] = lambda backend=backend, image=image: backend.run(image, attention=False)
    return {name: latency.p50 for name, latency in measure(functions, warmup=5, calls=calls).items()}


def table_text(results: Mapping[str, Sequence[Mapping[str, Any]]], milliseconds: Mapping[str, float]) -> str:
    """Return the markdown table: MAP in percent, mean over seeds and, with several, their standard deviation."""
    metrics = next(iter(results.values()))[0]["metrics"]
    attributes = [name.removeprefix("map/") for name in metrics if name.startswith("map/")]
    head = ["system", *attributes, "over queries", "parameters (M)", "graph (ms)", "photo passes"]
    lines = [row(head), row(["---"] * len(head))]
    lines.append(row(["random", *[""] * len(attributes), f"{metrics['random_map']:.1f}", "", "", "0"]))
    for system, seeds in results.items():
        cells = [spread([result["metrics"][f"map/{name}"] for result in seeds]) for name in attributes]
        over = f"**{spread([result['metrics']['map'] for result in seeds])}**"
        sizes = [f"{seeds[0]['parameters'] / 1e6:.2f}", f"{milliseconds[system]:.1f}"]
        lines.append(row([system, *cells, over, *sizes, f"{seeds[0]['photo_passes']:,.0f}"]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path, help="folder of all runs; started again, it goes on there")
    parser.add_argument("--data", type=Path, help="label table (default: generated garments, drawn under --out)")
    parser.add_argument("--name", default="garments", help="of the data, for folders (default: %(default)s)")
    parser.add_argument("--system", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="default: all")
    parser.add_argument("--seeds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, help="passes over the photos (default: 4; paper: the recipe's)")
    parser.add_argument("--scale", choices=("small", "paper"), default="small", help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of each run (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=50, help="timed calls of a graph (default: %(default)s)")
    args = parser.parse_args()
    if args.epochs is None and args.scale == "small":
        args.epochs = 4
    show_log()
    runs = all_runs(args, args.data or draw_garments(args.out / "garments"))
    answers = dict(zip(runs, train_all(list(runs.values()), args.jobs, args.threads), strict=True))
    results = {system: [answers[system, seed] for seed in range(args.seeds)] for system in args.system}
    use_threads(args.jobs * args.threads)
    milliseconds = graph_milliseconds({system: runs[system, 0] for system in args.system}, args.calls)
    print(table_text(results, milliseconds))
    print(json.dumps(machine("torch", "onnxruntime")))
    for (system, seed), answer in answers.items():
        settings = asdict(runs[system, seed].config)
        print(json.dumps({"system": system, "seed": seed, **answer, "config": settings}))


if __name__ == "__main__":
    main()
