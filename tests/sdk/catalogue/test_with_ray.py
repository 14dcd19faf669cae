"""A catalogue on a real Ray of two workers, of which one is killed in the middle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.catalogue import read_plan, read_shard

PHOTOS, SHARDS = 48, 24
SCRIPT = """
import json, os, signal, subprocess, sys
import ray
from fashionsdk import Contract, Embedder
from fashionsdk.catalogue import embed_with_ray

bundle, table, out, shards = sys.argv[1:]
with Embedder(bundle) as embedder:
    contract = Contract(embedder.model, embedder.dimensions, codec="int8")
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
done = []
for summary in embed_with_ray(bundle, contract, table, out, shards=int(shards), workers=2):
    done.append([summary.shard, summary.embedded, summary.new])
    if len(done) == 3:
        workers = subprocess.run(["pgrep", "-f", "^ray::MapWorker"], capture_output=True, text=True).stdout.split()
        os.kill(int(workers[0]), signal.SIGKILL)
try:
    list(embed_with_ray(bundle, contract, table, out, workers=3))
    refused = ""
except ValueError as error:
    refused = str(error)
ray.shutdown()
print(json.dumps({"done": done, "workers": len(workers), "refused": refused}))
"""


@pytest.mark.long
@pytest.mark.slow
def test_a_worker_that_is_killed_loses_no_photo_and_doubles_none(bundle, tmp_path):
    pytest.importorskip("ray", reason="no Ray: install fashionsdk[dev]")
    rng = np.random.default_rng(0)
    for index in range(PHOTOS):
        Image.fromarray(rng.integers(0, 256, (24, 18, 3), dtype=np.uint8)).save(tmp_path / f"{index}.png")
    (tmp_path / "shop.csv").write_text("photo\n" + "".join(f"{index}.png\n" for index in range(PHOTOS)))
    arguments = bundle.path, tmp_path / "shop.csv", tmp_path / "out", SHARDS
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    if os.geteuid() == 0:  # Ray listens: on a network of its own, nobody else can reach it
        command = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(next(line for line in run.stdout.splitlines() if line.startswith("{")))
    assert found["workers"] == 2
    assert sorted(shard for shard, *_ in found["done"]) == list(range(1, SHARDS + 1))
    assert "3 workers of 1 CPUs on a cluster of 2: Ray would wait for CPUs for ever" in found["refused"]
    plan, out = read_plan(tmp_path / "out"), Path(tmp_path / "out")
    keys = [key for shard in range(1, SHARDS + 1) for items in read_shard(out / plan.file(shard)) for key in items.keys]
    assert keys == [f"{index}.png" for index in range(PHOTOS)]
