"""How long does one exact search take, by gallery size?

python benchmarks/search.py
"""

import argparse
import json
from dataclasses import asdict
from functools import partial

import numpy as np

from fashionsdk import Embeddings, Matcher
from harness.measure import machine, measure

ATTRIBUTE = "neckline"


def unit_vectors(count: int, dimension: int, seed: int) -> Embeddings:
    vectors = np.random.default_rng(seed).standard_normal((count, 1, dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return Embeddings(vectors, (ATTRIBUTE,), model="benchmark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=320)
    parser.add_argument("--calls", type=int, default=50)
    args = parser.parse_args()
    query = unit_vectors(1, args.dimension, seed=1)
    for size in args.sizes:
        gallery = unit_vectors(size, args.dimension, seed=2)
        matcher = Matcher([str(i) for i in range(size)], gallery)
        order = np.argsort(-(gallery[ATTRIBUTE] @ query[ATTRIBUTE][0]), kind="stable")[:10]
        assert matcher.search(query, k=10).keys[0] == [str(i) for i in order], "the search is not exact"
        latency = measure({"search": partial(matcher.search, query, k=10)}, warmup=5, calls=args.calls)["search"]
        print(json.dumps({"items": size, "dimension": args.dimension, "unit": "ms", **asdict(latency)}))
    print(json.dumps(machine("numpy")))


if __name__ == "__main__":
    main()
