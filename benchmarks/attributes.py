"""What do all attributes cost beside one? One graph per number of attributes, timed in turn.

python benchmarks/attributes.py runs/shop/best
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime

from fashionsdk_export.fuse import fuse
from fashionsdk_export.graph import export_graph
from fashionsdk_training.checkpoint import Checkpoint
from measure import machine, measure

ATOL = 1e-5  # a graph with fewer attributes gives the same embeddings up to the order of float32 sums


def sessions(checkpoint: Checkpoint, folder: Path) -> dict[str, onnxruntime.InferenceSession]:
    """Return a session for one attribute and one for all."""
    model, count = checkpoint.build(), len(checkpoint.attributes)
    result = {}
    for name, kept in {"1": [0], str(count): range(count)}.items():
        path = folder / f"{name}.onnx"
        export_graph(fuse(model, kept), checkpoint.preprocessing.side, path)
        result[name] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return result


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
        graphs = sessions(checkpoint, Path(folder))
        one, every = (graph.run(["embeddings"], {"images": images})[0] for graph in graphs.values())
        np.testing.assert_allclose(one[:, 0], every[:, 0], rtol=0, atol=ATOL)
        times = measure(
            {name: partial(graph.run, ["embeddings"], {"images": images}) for name, graph in graphs.items()},
            calls=args.calls,
        )
    for count, latency in times.items():
        print(json.dumps({"attributes": int(count), "batch_size": args.batch_size, **asdict(latency)}))
    one, every = (latency.p50 for latency in times.values())
    print(json.dumps({"all ÷ one": round(every / one, 3), **machine("onnxruntime")}, ensure_ascii=False))


if __name__ == "__main__":
    main()
