"""How long does one exact search take, by gallery size?

    python benchmarks/search.py --sizes 100000

Every gallery is of one attribute. The ten nearest are compared with those of a full sort.
"""

import argparse
import json
from dataclasses import asdict
from functools import partial

import numpy as np

from fashionsdk import Matcher
from harness.answers import check_equal
from harness.measure import measure
from harness.this_machine import machine
from methods.checkout_tasks import random_embeddings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=320)
    parser.add_argument("--calls", type=int, default=50)
    args = parser.parse_args()
    query = random_embeddings(1, args.dimension, seed=1)
    for size in args.sizes:
        gallery = random_embeddings(size, args.dimension, seed=2)
        matcher = Matcher([str(i) for i in range(size)], gallery)
        order = np.argsort(-(gallery.vectors[:, 0] @ query.vectors[0, 0]), kind="stable")[:10]
        check_equal([str(i) for i in order], matcher.search(query, k=10).keys[0], f"nearest among {size:,} items")
        latency = measure({"search": partial(matcher.search, query, k=10)}, warmup=5, calls=args.calls)["search"]
        print(json.dumps({"items": size, "dimension": args.dimension, "unit": "ms", **asdict(latency)}))
    print(json.dumps(machine("numpy")))


if __name__ == "__main__":
    main()
