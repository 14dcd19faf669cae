"""How long does a search with a photo take in the service, from the upload to the answer, and which stage takes it?

    python benchmarks service_latency BUNDLE --items 1000000

A gallery in a folder is filled with vectors around those of drawn photos, and ``fashionsdk serve`` opens it. One caller
on the loopback asks it for twelve answers, as the page does, with a new photo each time. The stages are those of the
answer's ``Server-Timing``: the photo is read, with the wait for a batch; the model runs; the gallery is searched. The
rest is the form, the answer and the way.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from fashionsdk import Attribute, Embedder, Matcher
from fashionsdk._tools.progress import progress_bar
from fashionsdk.search import bundle_contract
from fashionsdk.search.stores import Items
from harness.drawn_jpegs import drawn_jpeg
from harness.tables import json_lines, table
from harness.this_machine import OtherLoad, machine
from servers.started import Started, serve

PACKAGES = ("fashionsdk", "onnxruntime", "numpy", "pillow", "fastapi", "uvicorn")
COLUMNS = ("question", "whole: p50, p99", "read", "embed", "search", "the rest")
PHOTOS, SIDE, ANSWERS = 64, 600, 12
AT_ONCE = 10_000  # items of one write
NOISE = 0.5  # in length, beside a photo's vector of length 1
PRICES, CHEAP = 100, 25
WARM = 10  # questions before the first that counts

Times = Mapping[str, Sequence[float]]  # stage -> milliseconds


def fill(address: str, embedder: Embedder, photos: Sequence[bytes], items: int) -> float:
    """Fill a new gallery; return its seconds."""
    near, rng, began = embedder.embed(list(photos)), np.random.default_rng(0), time.monotonic()
    contract = bundle_contract(embedder.bundle, embedder.backend.precision)
    with Matcher.open(address, contract=contract, create=True) as gallery:
        for start in progress_bar(range(0, items, AT_ONCE), "items", None, "write"):
            keys = [f"item {start + n}" for n in range(min(AT_ONCE, items - start))]
            rows = rng.integers(0, len(photos), len(keys))
            vectors = {name: _around(near[name][rows], rng) for name in near.attributes}
            gallery.put(Items(keys, vectors, [{"price": int(n)} for n in rng.integers(0, PRICES, len(keys))]))
        gallery.vacuum()
    return time.monotonic() - began


def _around(vectors: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    noise = rng.standard_normal(vectors.shape, dtype=np.float32)
    moved = vectors + NOISE / np.sqrt(vectors.shape[1]) * noise
    unit: NDArray[np.float32] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit


def questions(attributes: Sequence[Attribute]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is asked, by name."""
    names = [each.name for each in attributes]
    yield "one attribute", {"by": names[0]}
    yield f"{min(3, len(names))} attributes with weights", {"by": dict(zip(names, (0.5, 0.3, 0.2), strict=False))}
    yield "a quarter by price", {"by": names[0], "where": f"price < {CHEAP}"}
    changed = next((each for each in attributes if each.values), None)
    if changed is not None:
        yield "another value", {"by": changed.name, "change": {changed.name: changed.values[0]}}


def ask(server: Started, photos: Sequence[bytes], question: dict[str, Any], count: int) -> Times:
    """Return the milliseconds of each stage of so many searches."""
    times = defaultdict[str, list[float]](list)
    data = {"query": json.dumps(question | {"k": ANSWERS})}
    with httpx.Client(base_url=server.address, timeout=60) as client:
        for number in range(-WARM, count):
            began = time.perf_counter()
            answer = client.post("/v1/search", files={"photo": photos[number % len(photos)]}, data=data)
            whole = 1000 * (time.perf_counter() - began)
            answer.raise_for_status()
            if number >= 0:
                parts = [part.split(";dur=") for part in answer.headers["Server-Timing"].split(", ")]
                stages = {name: float(milliseconds) for name, milliseconds in parts}
                for name, each in {"whole": whole, **stages, "the rest": whole - sum(stages.values())}.items():
                    times[name].append(each)
    return times


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=300, help="of each question (default: 300)")
    args = parser.parse_args()
    photos, others = [drawn_jpeg(number, SIDE) for number in range(PHOTOS)], OtherLoad()
    with tempfile.TemporaryDirectory(prefix="fashionsdk-latency-") as name, ExitStack() as stack:
        folder = Path(name)
        with Embedder(args.bundle) as embedder:
            seconds = fill(f"{folder / 'shop'}/", embedder, photos, args.items)
            asked = list(questions(embedder.attributes))
        print(f"{args.items} items written in {seconds:.0f} s\n", flush=True)
        server = serve(args.bundle, f"{folder / 'shop'}/", folder, stack)
        rows, records = [], []
        for what, question in asked:
            times = ask(server, photos, question, args.requests)
            shown = {
                stage: [round(float(p), 1) for p in np.percentile(each, (50, 99))] for stage, each in times.items()
            }
            rows.append([what, *(", ".join(map(str, shown[stage])) for stage in ("whole", *COLUMNS[2:]))])
            records.append({"question": what, "milliseconds, p50 and p99": shown})
        print(table(COLUMNS, rows))
        print(f"\nmemory: {server.memory():.0f} MB; other programs took {others.cores()} cores\n")
    print(json_lines([machine(*PACKAGES), {"items": args.items}, *records]))


if __name__ == "__main__":
    main()
