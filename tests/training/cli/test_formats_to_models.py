"""From each format of a table to a trained model."""

import csv
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fashionsdk.labels import LabelSource
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli import evaluate, prepare, train
from fashionsdk_training.data import load_training_data
from fashionsdk_training.loop import Trainer, processes
from fashionsdk_training.recipes import RECIPES
from tests.training.conftest import SIDE, draw, tiny_config

COLOURS, STRIPES = ("red", "green"), ("horizontal", "vertical", "none")
NEW_SHOPIFY = (
    "Title",
    "URL handle",
    "Product image URL",
    "Colour (product.metafields.shopify.color-pattern)",
    "Status",
)


@pytest.fixture(autouse=True)
def tiny_recipe(monkeypatch):
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: tiny_config(epochs=1))


def garments(folder, name="{n}.png"):
    """Draw two photos each of 24 garments; yield path, split, product, colour and stripes."""
    rng = np.random.default_rng(0)
    for n in range(48):
        product = n // 2
        colour, stripes = COLOURS[product % 2], STRIPES[product // 2 % 3]
        split = "train" if product < 16 else "valid"
        path = name.format(n=n, split=split, colour=colour, stripes=stripes)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        draw(colour, stripes, rng).save(folder / path)
        yield path, split, f"p{product}", colour, stripes


def write_csv(path, columns, rows, separator=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator).writerows([columns, *rows])
    return path


def parquet(folder):
    columns = zip(*garments(folder), strict=True)
    pq.write_table(pa.table(dict(zip(HOUSE, columns, strict=True))), folder / "garments.parquet")
    return [str(folder / "garments.parquet")]


HOUSE = ("image", "split", "product", "colour", "stripes")


def json_lines(folder):
    lines = [json.dumps(dict(zip(HOUSE, row, strict=True))) for row in garments(folder)]
    (folder / "garments.jsonl").write_text("\n".join(lines))
    return [str(folder / "garments.jsonl")]


def hugging_face(folder):
    rows = [(path, product, colour) for path, _, product, colour, _ in garments(folder, "{split}/{n}.png")]
    write_csv(folder / "metadata.csv", ("file_name", "product", "colour"), rows)
    return [str(folder)]


def attribute_folders(folder):
    list(garments(folder, "{split}/colour/{colour}/{n}.png"))
    return [str(folder)]


def value_folders(folder):
    list(garments(folder, "{split}/{colour}/{n}.png"))
    return [str(folder), "--attribute", "colour"]


@pytest.mark.slow
@pytest.mark.parametrize("make", [parquet, json_lines, hugging_face, attribute_folders, value_folders])
def test_a_table_with_splits_is_trained_on_and_evaluated(tmp_path, capsys, make):
    (tmp_path / "data").mkdir()
    data = ["--data", *make(tmp_path / "data")]
    assert train([*data, "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    checkpoint = Checkpoint.load(tmp_path / "run/best")
    assert "colour" in [attribute.name for attribute in checkpoint.attributes]
    assert evaluate([str(tmp_path / "run/best"), *data]) == 0
    assert "mean over queries" in capsys.readouterr().out


def shopify_export(folder):
    (folder / "photos").mkdir()
    rows = [
        (product, product, f"https://cdn.example.com/files/{path}?v=1", colour if n % 2 == 0 else "", "active")
        for n, (path, _, product, colour, _) in enumerate(garments(folder / "photos"))
    ]
    return [str(write_csv(folder / "products_export.csv", NEW_SHOPIFY, rows)), "--photos", str(folder / "photos")]


def merchant_feed(folder):
    rows = [
        (n, product, f"https://x/{path}", colour, stripes)
        for n, (path, _, product, colour, stripes) in enumerate(garments(folder))
    ]
    columns = ("id", "item_group_id", "image_link", "color", "pattern")
    return [str(write_csv(folder / "feed.tsv", columns, rows, "\t"))]


@pytest.mark.slow
@pytest.mark.parametrize("make", [shopify_export, merchant_feed, parquet, value_folders])
def test_a_table_without_splits_is_prepared_trained_on_and_evaluated(tmp_path, capsys, caplog, make):
    (tmp_path / "data").mkdir()
    out, data = tmp_path / "data/labels.csv", make(tmp_path / "data")
    assert prepare([*data, "--out", str(out), "--valid", "0.3", "--test", "0.2"]) == 0
    assert train(["--data", str(out), "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    for split in ("valid", "test"):
        assert evaluate([str(tmp_path / "run/best"), "--data", str(out), "--split", split]) == 0
    assert "mean over queries" in capsys.readouterr().out
    if make is shopify_export:
        assert "read as a Shopify export; attributes: color-pattern" in caplog.text


@pytest.mark.slow
def test_a_frame_is_trained_on(tmp_path):
    frame = pd.DataFrame(garments(tmp_path), columns=HOUSE)
    source = LabelSource.from_frame(frame, photos=tmp_path)
    data = load_training_data(source, SIDE, 36, tmp_path / "cache")
    with processes("cpu") as peers:
        checkpoint = Trainer(tiny_config(epochs=1), data, tmp_path / "run", peers).fit()
    assert [attribute.name for attribute in checkpoint.attributes] == ["colour", "stripes"]


def test_a_product_in_two_splits_is_refused_before_training(tmp_path, capsys):
    rows = [
        (path, split, f"p{int(product[1:]) % 20}", colour) for path, split, product, colour, _ in garments(tmp_path)
    ]
    table = write_csv(tmp_path / "labels.csv", HOUSE[:4], rows)
    assert train(["--data", str(table), "--out", str(tmp_path / "run"), "--device", "cpu"]) == 1
    message = capsys.readouterr().err
    assert "4 products have photos in several splits: 'p0' in 'train' and 'valid'; " in message
    assert "or make new splits with python training/prepare.py TABLE --out labels.csv" in message
    assert prepare([str(table), "--out", str(tmp_path / "mended.csv")]) == 0
    load_training_data(tmp_path / "mended.csv", SIDE, 36, tmp_path / "cache")
