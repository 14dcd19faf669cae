"""What a backbone costs: parameters, arithmetic, the size of its graph, and time on a CPU."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
import torch

from backbone_study.candidates import Candidate
from fashionsdk._tools.progress import progress_bar
from fashionsdk_export.graph import export_graph, fuse
from fashionsdk_training import garments
from fashionsdk_training.models import build_model
from fashionsdk_training.recipes import cam_cpu
from methods.graph_flops import count_flops

VALUES = tuple(len(attribute.values) for attribute in garments.ATTRIBUTES)
ROUNDS = 9


@dataclass(frozen=True)
class Cost:
    """The default recipe's network on a backbone.

    Attributes:
        parameters: of the backbone, in millions.
        gflop: of one photo, two for a multiply-add.
        megabytes: of the graph in FP32.
    """

    parameters: float
    gflop: float
    megabytes: float


def export_candidate(candidate: Candidate, side: int, folder: Path) -> tuple[Cost, Path]:
    """Export the default recipe's network with random weights on a backbone; return its cost and the graph."""
    config = replace(cam_cpu().model, backbone=candidate.name, stage=candidate.stage, values=VALUES)
    torch.manual_seed(0)
    model = build_model(config, len(VALUES), input=(side, side)).eval()
    graph = folder / f"{candidate.name}-{side}.onnx"
    export_graph(fuse(model), (side, side), graph)
    parameters = sum(value.numel() for backbone in model.backbones() for value in backbone.parameters())
    flops = sum(count_flops(graph, 1).values())
    return Cost(parameters / 1e6, flops / 1e9, graph.stat().st_size / 1e6), graph


def time_graphs(graphs: Mapping[str, Path], sides: Mapping[str, int]) -> dict[str, float]:
    """Return the median milliseconds of one photo on one thread, of graphs run in turn, `ROUNDS` times each."""
    runs = {name: _runner(path, sides[name]) for name, path in graphs.items()}
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in progress_bar(range(ROUNDS), "timing", None, "round"):
        for name, run in runs.items():
            times[name].append(_milliseconds(run))
    return {name: median(values) for name, values in times.items()}


def ratios(milliseconds: Mapping[str, float], reference: str) -> dict[str, float]:
    """Return the times as multiples of one of them."""
    return {name: value / milliseconds[reference] for name, value in milliseconds.items()}


def _runner(graph: Path, side: int) -> Callable[[], Sequence[np.ndarray]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    return partial(session.run, None, {"images": images})


def _milliseconds(run: Callable[[], object]) -> float:
    """Return the CPU time of this thread, which other programs lengthen less than the time on the clock."""
    begin = time.thread_time()
    run()
    return (time.thread_time() - begin) * 1e3
