"""What do all attributes cost beside one? One graph per number of attributes, timed in turn.

python benchmarks/attributes.py runs/shop/best
"""

import argparse
import json
import tempfile
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from fashionsdk_export.fuse import fuse
from fashionsdk_export.graph import export_graph
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import AttributeModel, build_model
from measure import machine, measure

ATOL = 1e-5  # a graph with fewer attributes gives the same embeddings up to the order of float32 sums


def first_attribute(checkpoint: Checkpoint) -> AttributeModel:
    """Return the network with the parameters of the checkpoint's first attribute only."""
    config, weights = checkpoint.model, checkpoint.weights
    if config.added:  # the first attribute is the network's own
        weights = {key.removeprefix("base."): value for key, value in weights.items() if key.startswith("base.")}
    model = build_model(replace(config, added=0, values=config.values[:1]), 1)
    kept = {key: tuple(map(slice, value.shape)) for key, value in model.state_dict().items()}
    model.load_state_dict({key: weights[key][slices] for key, slices in kept.items()})
    return model.eval()


def session(model: AttributeModel, side: int, path: Path) -> onnxruntime.InferenceSession:
    with torch.inference_mode():
        attention = model(torch.zeros(1, side, side, 3, dtype=torch.uint8)).attention is not None
    export_graph(fuse(model), side, path, attention=attention)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="folder that training wrote")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--calls", type=int, default=200)
    args = parser.parse_args()
    checkpoint = Checkpoint.load(args.checkpoint)
    side = checkpoint.preprocessing.side
    images = np.random.default_rng(0).integers(0, 256, (args.batch_size, side, side, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        models = {1: first_attribute(checkpoint), len(checkpoint.attributes): checkpoint.build()}
        graphs = {count: session(model, side, Path(folder) / f"{count}.onnx") for count, model in models.items()}
        one, every = (graph.run(["embeddings"], {"images": images})[0] for graph in graphs.values())
        np.testing.assert_allclose(one[:, 0], every[:, 0, : one.shape[2]], rtol=0, atol=ATOL)
        times = measure(
            {name: partial(graph.run, ["embeddings"], {"images": images}) for name, graph in graphs.items()},
            calls=args.calls,
        )
    for count, latency in times.items():
        print(json.dumps({"attributes": count, "batch_size": args.batch_size, **asdict(latency)}))
    one, every = (latency.p50 for latency in times.values())
    print(json.dumps({"all ÷ one": round(every / one, 3), **machine("onnxruntime")}, ensure_ascii=False))


if __name__ == "__main__":
    main()
