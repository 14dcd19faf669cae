"""Every command that takes ``--data`` takes every format."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.sdk.labels.formats.tables import write


def labels():
    with Path("shop/labels.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


@pytest.fixture
def tables(shop):
    """The shop's table in two more formats, one of them told by nothing but its option."""
    header, rows = labels()
    write(Path("shop/other.parquet"), header, rows)
    write(Path("shop/x.jsonl"), header, rows).rename("shop/table")
    Path("boxes.csv").write_text("image,attribute,left,top,right,bottom\n0.png,colour,0,0,0.5,0.5\n")
    return ["--data", "shop/other.parquet"], ["--data", "shop/table", "--format", "jsonl"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "BUNDLE", "--json"),
        ("report", "BUNDLE", "--out", "page.html", "--no-maps", "--json"),
        ("point", "BUNDLE", "--boxes", "boxes.csv", "--json"),
        ("index", "BUNDLE", "--out", "x.gallery", "--overwrite", "--json"),
        ("embed", "BUNDLE", "--split", "valid", "--out", "x.npz", "--json"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_answers_the_same_whatever_the_format(run, bundle, tables, command):
    words = [bundle.path if word == "BUNDLE" else word for word in command]
    status, expected, _ = run(*words, "--data", "shop")
    assert status == 0
    for data in tables:
        status, out, _ = run(*words, *data)
        answer = {**json.loads(out), "data": "shop"} if "data" in json.loads(expected) else json.loads(out)
        assert (status, answer) == (0, json.loads(expected))


def test_a_table_without_splits_gives_all_its_photos(run, bundle, shop):
    header, rows = labels()
    keep = [n for n, name in enumerate(header) if name != "split"]
    write(Path("shop/t.jsonl"), [header[n] for n in keep], [[row[n] for n in keep] for row in rows])
    status, out, _ = run("embed", bundle.path, "--data", "shop/t.jsonl", "--out", "x.npz", "--json")
    assert (status, json.loads(out)["photos"]) == (0, 8)
    status, _, err = run("evaluate", bundle.path, "--data", "shop/t.jsonl")
    assert status == 1
    assert "no column split" in err


def test_what_a_format_is_read_as_is_printed(run, bundle, shop, caplog):
    for place, (image, *_) in enumerate(labels()[1]):
        target = Path("tree/valid/colour") / ("red", "blue")[place % 2] / Path(image).name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path("shop") / image, target)
    assert run("evaluate", bundle.path, "--data", "tree")[0] == 0
    assert "read as folders by value; attributes: colour" in caplog.text


@pytest.mark.slow
def test_products_change_the_figures_of_a_command(run, bundle, shop):
    header, rows = labels()
    rows = [[*row, f"p{n // 3}"] for n, row in enumerate(rows)]
    write(Path("shop/labels.csv"), [*header, "product"], rows)
    _, out, err = run("evaluate", bundle.path, "--data", "shop", "--json")
    answer = json.loads(out)
    assert "3 products: candidates of a query's own are left out of its ranking" in err
    run("report", bundle.path, "--data", "shop", "--out", "page.html", "--no-maps")
    assert "3; a query&#x27;s own is left out of its ranking" in Path("page.html").read_text()
    write(Path("shop/labels.csv"), header, [row[:-1] for row in rows])
    untold = json.loads(run("evaluate", bundle.path, "--data", "shop", "--json")[1])
    assert answer["overall"]["random_map"] != untold["overall"]["random_map"]
    assert np.isfinite(answer["overall"]["map"])


@pytest.mark.slow
def test_a_command_reads_corrected_labels(run, bundle, shop, caplog):
    header, rows = labels()
    column = header.index("colour")
    valid = [row for row in rows if row[header.index("split")] == "valid"]
    blanked = valid[0]
    Path("suspects.csv").write_text(f"image,attribute,correct\n{blanked[0]},colour,-\n")
    _, out, err = run("evaluate", bundle.path, "--data", "shop", "--corrections", "suspects.csv", "--json")
    assert "0 changed, 1 blanked" in caplog.text + err
    write(
        Path("shop/labels.csv"),
        header,
        [[*row[:column], "", *row[column + 1 :]] if row is blanked else row for row in rows],
    )
    _, expected, _ = run("evaluate", bundle.path, "--data", "shop", "--json")
    assert json.loads(out) == json.loads(expected)
