"""How long does a search take, in each store and beside other ways, by gallery size?

    python benchmarks/search.py --sizes 100000 1000000

Each way runs in a process of its own, which is asked four questions: by one attribute; the same among the quarter of
items that meet a condition on price; by three attributes with weights; and 64 queries at once. Answers are compared
with the true ten nearest (recall). Every way has one thread, numpy's too, so "cpu" is what a search takes of a
processor: on a machine that others use, the clock says little. Memory is the process's own, without mapped files. Then
the folder is written to, alone and beside searches. Of servers "cpu" and memory are the client's. faiss and usearch
are measured where they are installed: pip install faiss-cpu usearch.
"""

import argparse
import json
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.separate_process import map_in_processes
from harness.tables import table
from harness.this_machine import OtherLoad, machine
from methods.search_load import beside_writes, folder_of, writes_per_second
from methods.search_measure import measure_way
from methods.search_ways import SERVERS, Data, needed_module, ways

QUESTIONS = ("one", "filter", "three", "64")
EXACT_RECALL = {"numpy float32": 1.0, "memory float32": 1.0, "folder float32": 1.0}  # anything else is a fault


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(ways(Path()))
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--attributes", type=int, default=8)
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument("--ways", nargs="+", choices=names, default=names, metavar="WAY", help=", ".join(names))
    parser.add_argument("--seconds", type=float, default=3.0, help="of each question")
    parser.add_argument("--out", default=None, help="folder for what is on disk (default: a temporary one)")
    parser.add_argument(
        "--servers",
        nargs="+",
        default=[],
        metavar="ADDRESS",
        help="measure them too: postgresql://... milvus://HOST:PORT",
    )
    args = parser.parse_args()
    os.environ[SERVERS] = " ".join(args.servers)
    args.ways = [*args.ways, *(way for way in ways(Path()) if way not in names)]
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the processes that are started have these
    installed = [way for way in args.ways if (name := needed_module(way)) is None or find_spec(name)]
    for size in args.sizes:
        with tempfile.TemporaryDirectory(prefix="fashionsdk-search-", dir=args.out) as folder:
            load = OtherLoad()
            rows = [_measured(way, folder, size, args) for way in installed]
            print(_table(rows))
            for way in ("folder float32", "folder int8"):
                if way in installed:
                    address, data = folder_of(folder, way), Data.make(size, args.attributes, args.dimension)
                    record = {"way": way, "items": size}
                    record |= beside_writes(address, data, 4 * args.seconds)
                    record["writes_per_second"] = round(writes_per_second(address, 2 * args.seconds))
                    print(json.dumps(record), flush=True)
            print(json.dumps({"items": size, "cores_of_other_programs": load.cores()}), flush=True)
    print(json.dumps(machine("numpy", "onnxruntime", "faiss-cpu", "usearch")))


def _measured(way: str, folder: str, size: int, args: argparse.Namespace) -> dict[str, Any]:
    arguments = (way, folder, size, args.attributes, args.dimension, args.seconds)
    (row,) = map_in_processes(_in_process, [arguments], 1)
    print(json.dumps(row), flush=True)
    if way in EXACT_RECALL and min(row[f"{question}_recall"] for question in QUESTIONS) < EXACT_RECALL[way]:
        raise SystemExit(f"{way} is exact, but found other items than the nearest: {row}")
    return row


def _in_process(arguments: tuple[str, str, int, int, int, float]) -> dict[str, Any]:
    return measure_way(*arguments)


def _table(rows: list[dict[str, Any]]) -> str:
    head = [
        "way",
        "build, s",
        "open, ms",
        "memory, MB",
        "disk, MB",
        *(f"{name}: p50 / p99 / cpu, ms; recall" for name in QUESTIONS),
    ]
    return table(head, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> list[str]:
    cells = [str(row[name]) for name in ("way", "build_s", "open_ms", "memory_mb", "disk_mb")]
    for name in QUESTIONS:
        known = row[f"{name}_p50"] is not None
        times = " / ".join(str(row[f"{name}_{part}"]) for part in ("p50", "p99", "cpu"))
        cells.append(f"{times}; {row[f'{name}_recall']}" if known else "-")
    return cells


if __name__ == "__main__":
    main()
