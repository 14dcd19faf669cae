"""From a table to shards to a gallery, by the commands, against photos embedded one by one."""

import csv
import json
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionsdk import Embedder, Matcher
from fashionsdk.catalogue import FrameEmbedder, read_info, read_plan, read_shard

COUNT = 23


@pytest.fixture
def table(tmp_path, monkeypatch) -> Path:
    """Twenty-two photos and a file that is none, in a table with a number and a text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    rng, lines = np.random.default_rng(0), ["photo,price,brand"]
    for index in range(COUNT):
        name = f"photos/{index}.png"
        Image.fromarray(rng.integers(0, 256, (24, 18, 3), dtype=np.uint8)).save(name)
        lines.append(f"{name},{index * 10},b{index % 3}")
    Path("photos/7.png").write_bytes(b"not a photo")
    Path("shop.csv").write_text("\n".join(lines) + "\n")
    return Path("shop.csv")


def answer(run, *argv):
    status, out, err = run(*argv, "--json")
    assert status == 0, err
    return json.loads(out)


def embedded(run, bundle, table, *more):
    return answer(run, "embed-catalogue", table, "--bundle", bundle.path, "--out", "vectors", *more)


def test_shards_hold_every_photo_once_and_load_into_any_gallery(run, bundle, table):
    done = embedded(run, bundle, table, "--shards", 4)
    assert (done["rows"], done["shards"], sum(each["embedded"] for each in done["done"])) == (COUNT, 4, COUNT - 1)
    keys = [
        key for path in sorted(Path("vectors").glob("*.parquet")) for items in read_shard(path) for key in items.keys
    ]
    assert keys == [f"photos/{index}.png" for index in range(COUNT) if index != 7]
    (failures,) = Path("vectors").glob("*.failures.csv")
    ((key, reason),) = list(csv.reader(failures.read_text().splitlines()))[1:]
    assert key == "photos/7.png"
    assert "not" in reason
    assert answer(run, "gallery", "load", "vectors", "--into", "shop/")["loaded"] == COUNT - 1
    assert answer(run, "gallery", "load", "vectors", "--into", "shop/")["loaded"] == 0
    assert answer(run, "gallery", "load", "vectors", "--into", "small.gallery", "--codec", "int8")["items"] == COUNT - 1
    with Matcher.open("shop/") as matcher, Embedder(bundle.path) as embedder:
        assert matcher.contract.preprocessing is not None
        for item in matcher.items():
            assert item.metadata == {
                "price": int(item.key.split("/")[1][:-4]) * 10,
                "brand": f"b{int(item.key.split('/')[1][:-4]) % 3}",
            }
            np.testing.assert_allclose(item.embeddings.vectors, embedder.embed(item.key).vectors, atol=1e-5)
    found = answer(run, "search", bundle.path, "small.gallery", "photos/3.png", "--by", "colour", "-k", 1)
    assert found["matches"][0]["key"] == "photos/3.png"


def test_machines_share_shards_and_a_load_waits_for_all(run, bundle, table):
    assert len(embedded(run, bundle, table, "--shard", "2/3")["done"]) == 1
    status, _, err = run("gallery", "load", "vectors", "--into", "shop/")
    assert (status, "lacks 2 of 3 shards, such as shard-00001-of-00003.parquet" in err) == (1, True)
    assert answer(run, "gallery", "load", "vectors", "--into", "shop/", "--partial")["items"] > 0
    done = embedded(run, bundle, table)["done"]
    assert [each["new"] for each in done] == [True, False, True]
    assert answer(run, "gallery", "load", "vectors", "--into", "shop/")["items"] == COUNT - 1


def test_another_table_model_or_number_of_shards_is_refused(run, bundle, table, write_bundle, manifest):
    from dataclasses import replace

    embedded(run, bundle, table, "--shard", "1/2")
    argv = ("embed-catalogue", table, "--bundle", bundle.path, "--out", "vectors")
    status, _, err = run(*argv, "--shards", 3)
    assert (status, "was begun with 2 shards, not 3" in err) == (1, True)
    status, _, err = run(*argv, "--shards", 3, "--shard", "1/2")
    assert (status, "expected the same number" in err) == (2, True)
    other = write_bundle(manifest=replace(manifest, model=replace(manifest.model, digest="f" * 64)), out=Path("other"))
    status, _, err = run("embed-catalogue", table, "--bundle", other.path, "--out", "vectors")
    assert (status, "has the model" in err) == (1, True)
    Path("shop.csv").write_text(Path("shop.csv").read_text() + "photos/1.png,1,b1\n")
    status, _, err = run(*argv)
    assert (status, "holds shards of another table, or the table has changed" in err) == (1, True)


def test_a_damaged_shard_is_refused(run, bundle, table):
    embedded(run, bundle, table, "--shards", 1)
    path = Path("vectors/shard-00001-of-00001.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    for argv in (
        ("gallery", "load", "vectors", "--into", "shop/"),
        ("embed-catalogue", table, "--bundle", bundle.path, "--out", "vectors"),
    ):
        status, _, err = run(*argv)
        assert (status, "is no whole shard" in err) == (1, True)


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_leaves_no_half_shard(bundle, table):
    command = [sys.executable, "-m", "fashionsdk", "embed-catalogue", "shop.csv", "--bundle", str(bundle.path)]
    command += ["--out", "vectors", "--shards", str(COUNT)]
    kills = 0
    for _ in range(3):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        before, end = len(list(Path().glob("vectors/*.parquet"))), time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            if len(list(Path().glob("vectors/*.parquet"))) > before:
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.002)
        process.wait()
        for path in Path().glob("vectors/*.parquet"):
            assert read_info(path).embedded + read_info(path).failed == 1
    assert kills
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    plan = read_plan(Path("vectors"))
    keys = [
        key for n in range(1, COUNT + 1) for part in read_shard(Path("vectors") / plan.file(n)) for key in part.keys
    ]
    assert keys == [f"photos/{index}.png" for index in range(COUNT) if index != 7]
    assert not list(Path("vectors").glob(".*saving"))


def test_a_shard_is_a_table_that_others_read(run, bundle, table):
    embedded(run, bundle, table, "--shards", 1, "--codec", "int8")
    frame = pq.read_table("vectors/shard-00001-of-00001.parquet").to_pandas()
    assert list(frame.columns[:2]) == ["key", "metadata"]
    assert json.loads(frame.metadata[3]) == {"price": 30, "brand": "b0"}
    with Embedder(bundle.path) as embedder:
        for name in embedder.dimensions:
            whole = np.stack(frame[f"vectors/{name}"]).astype(float) - 128
            unit = whole / np.linalg.norm(whole, axis=1, keepdims=True)
            np.testing.assert_allclose(unit[3], embedder.embed("photos/3.png")[name][0], atol=0.02)


def test_frames_are_embedded_as_spark_hands_them_over(bundle, table):
    function = pickle.loads(pickle.dumps(FrameEmbedder(str(bundle.path), columns=["photo"], threads=1)))
    frame = pd.read_csv(table)
    parts = list(function([frame[:10], frame[10:]]))
    assert [len(part) for part in parts] == [10, COUNT - 10]
    whole = pd.concat(parts, ignore_index=True)
    assert whole.photo.tolist() == frame.photo.tolist()
    assert whole.error.notna().tolist() == [index == 7 for index in range(COUNT)]
    with Embedder(bundle.path) as embedder:
        for name in embedder.dimensions:
            np.testing.assert_allclose(whole[f"vectors/{name}"][5], embedder.embed("photos/5.png")[name][0], atol=1e-5)
            assert whole[f"vectors/{name}"][7] is None
