"""``fashionsdk gallery`` and what ``fashionsdk search`` asks, on files and folders, against the matcher."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.cli.galleries import contract_of
from fashionsdk.embedding import Embedder
from fashionsdk.search import Matcher, parse_condition
from tests.sdk.search.stores.postgres_server import PostgresServer

GOOD = [f"shop/{index}.png" for index in range(0, 8, 2)] + [f"shop/deep/{index}.png" for index in range(1, 8, 2)]
NUMBERS = itertools.count()
PRODUCTS = "photo,price,product\n" + "".join(f"{key},{10 * n},p{n // 2}\n" for n, key in enumerate(GOOD))


@pytest.fixture(scope="module")
def server():
    started = PostgresServer()
    yield started
    started.stop()


@pytest.fixture(params=["x.gallery", "x/", "postgresql"])
def store(request, run, bundle, shop):
    place = request.param
    if place == "postgresql":
        place = request.getfixturevalue("server").address(f"shop_{next(NUMBERS)}")
    Path("products.csv").write_text(PRODUCTS)
    status, _, err = run("gallery", "add", place, "--bundle", bundle.path, "shop", "--metadata", "products.csv")
    assert (status, err.splitlines()[-1]) == (0, f"added 8 items to {place}, which holds 8")
    return place


def answer(run, *argv):
    status, out, err = run(*argv, "--json")
    assert status == 0, err
    return json.loads(out)


def test_info_says_what_a_gallery_holds(run, bundle, store):
    found = answer(run, "gallery", "info", store)
    embedder = Embedder(bundle.path)
    assert (found["items"], found["model"], found["codec"]) == (8, embedder.model, "float32")
    assert found["attributes"] == {"neckline": 8, "sleeve": 8, "colour": 8}
    assert found["precision"] == "fp32"
    assert "items          8\n" in run("gallery", "info", store)[1]


def test_search_by_weights_agrees_with_the_matcher(run, bundle, store):
    argv = ("search", bundle.path, store, "shop/4.png", "--by", "neckline=0.7", "--by", "sleeve=0.3", "-k", 5)
    found = answer(run, *argv)
    embedder = Embedder(bundle.path)
    with Matcher.open(store) as matcher:
        expected = matcher.search(embedder.embed(["shop/4.png"]), by={"neckline": 0.7, "sleeve": 0.3}, k=5)
    assert [match["key"] for match in found["matches"]] == expected.keys[0]
    assert [match["score"] for match in found["matches"]] == expected.scores[0].tolist()
    first = found["matches"][0]
    assert first["key"] == "shop/4.png"
    assert set(first) == {"key", "score", "scores", "metadata"}
    assert set(first["scores"]) == {"neckline", "sleeve"}
    assert first["metadata"] == {"price": 20, "product": "p1"}
    head, line, *_ = run(*argv)[1].splitlines()
    assert head.split() == ["rank", "score", "key", "neckline", "sleeve", "price", "product"]
    assert line.split()[1:] == ["1.0000", "shop/4.png", "1.0000", "1.0000", "20", "p1"]


def test_search_filters_groups_and_leaves_out(run, bundle, store):
    argv = ("search", bundle.path, store, "shop/4.png", "--by", "colour", "-k", 20)
    keys = [match["key"] for match in answer(run, *argv)["matches"]]
    price = {key: 10 * n for n, key in enumerate(GOOD)}

    def found(*more):
        return [match["key"] for match in answer(run, *argv, *more)["matches"]]

    assert found("--exclude-self") == [key for key in keys if key != "shop/4.png"]
    assert found("--where", "price <= 30 and product != 'p0'") == [key for key in keys if 20 <= price[key] <= 30]
    assert found("--exclude-same", "product") == [key for key in keys if price[key] // 20 != 1]
    best = list({price[key] // 20: key for key in reversed(keys)}.values())
    assert sorted(found("--group-by", "product")) == sorted(best)
    assert found("--offset", 2, "--least", -1) == keys[2:]


def test_adding_again_adds_only_what_is_new(run, bundle, store):
    argv = ("gallery", "add", store, "--bundle", bundle.path)
    assert run("gallery", "remove", store, "shop/0.png", "shop/2.png")[0] == 0
    found = answer(run, *argv, "shop")
    assert (found["photos"], found["existing"], found["items"]) == (2, 6, 8)
    assert answer(run, *argv, "shop/0.png", "--existing", "replace")["items"] == 8
    status, _, err = run(*argv, "shop", "--existing", "raise")
    assert (status, " is in " in err.splitlines()[-1]) == (2, True)
    assert answer(run, *argv, "shop/0.png")["photos"] == 0


def test_items_are_removed_all_or_none(run, store):
    status, _, err = run("gallery", "remove", store, "shop/0.png", "shop/none.png")
    assert (status, "no item has the key 'shop/none.png'" in err) == (2, True)
    assert answer(run, "gallery", "info", store)["items"] == 8
    Path("gone.txt").write_text("shop/0.png\nshop/none.png\n\n")
    found = answer(run, "gallery", "remove", store, "--keys", "gone.txt", "--on-unknown", "skip")
    assert (found["removed"], found["items"], found["unknown"]) == (1, 7, ["shop/none.png"])
    assert run("gallery", "remove", store)[0] == 2


def test_prices_change_without_the_photos(run, bundle, store):
    Path("prices.csv").write_text("key,price,stock\nshop/0.png,99,4\nelsewhere.png,1,1\n")
    found = answer(run, "gallery", "update", store, "--metadata", "prices.csv")
    assert (found["updated"], found["unknown"]) == (1, 1)
    listed = answer(run, "gallery", "list", store, "--where", "price > 70 or stock exists")["items"]
    assert listed == [{"key": "shop/0.png", "metadata": {"price": 99, "product": "p0", "stock": 4}}]
    assert run("gallery", "list", store, "-n", 1)[1].startswith('shop/0.png  {"price": 99')


def test_a_copy_holds_the_same_and_goes_on_where_it_stopped(run, store):
    with Matcher.open(store) as matcher:
        before = [(item.key, item.embeddings.vectors.tolist(), dict(item.metadata)) for item in matcher.items()]
    for target in ("copy.gallery", "copy/"):
        assert answer(run, "gallery", "copy", store, target)["copied"] == 8
        assert run("gallery", "remove", target, "shop/deep/7.png")[0] == 0
        assert answer(run, "gallery", "copy", store, target)["copied"] == 1
        assert answer(run, "gallery", "copy", store, target, "--existing", "replace")["items"] == 8
        with Matcher.open(target) as matcher:
            found = [(item.key, item.embeddings.vectors.tolist(), dict(item.metadata)) for item in matcher.items()]
        assert found == before
    assert run("gallery", "copy", store, "copy/", "--existing", "raise")[0] == 2
    status, _, err = run("gallery", "copy", store, store)
    assert (status, "are the same" in err) == (1, True)


def test_int8_answers_alike_in_a_folder_and_in_a_file(run, bundle, store):
    assert answer(run, "gallery", "copy", store, "small/", "--codec", "int8")["copied"] == 8
    assert answer(run, "gallery", "info", "small/")["codec"] == "int8"
    argv = ("shop/4.png", "--by", "colour", "-k", 8)
    full, small = (answer(run, "search", bundle.path, place, *argv)["matches"] for place in (store, "small/"))
    scores = {match["key"]: match["score"] for match in full}
    for match in small:
        assert abs(match["score"] - scores[match["key"]]) < 0.02
    assert answer(run, "gallery", "add", "small/", "--bundle", bundle.path, "shop")["existing"] == 8
    assert answer(run, "gallery", "copy", store, "y.gallery", "--codec", "int8")["copied"] == 8
    assert answer(run, "gallery", "info", "y.gallery")["codec"] == "int8"
    assert answer(run, "search", bundle.path, "y.gallery", *argv)["matches"] == small


def test_an_export_has_a_line_an_item(run, store):
    assert answer(run, "gallery", "export", store, "--out", "x.jsonl")["items"] == 8
    lines = [json.loads(line) for line in Path("x.jsonl").read_text().splitlines()]
    with Matcher.open(store) as matcher:
        for line, item in zip(lines, matcher.items(), strict=True):
            assert (line["key"], line["metadata"]) == (item.key, item.metadata)
            for name, vector in line["vectors"].items():
                np.testing.assert_array_equal(np.array(vector, np.float32), item.embeddings[name][0])
    argv = ("gallery", "export", store, "--out", "x.jsonl", "--no-vectors", "--where", "price < 20")
    assert answer(run, *argv)["items"] == 2
    assert all("vectors" not in json.loads(line) for line in Path("x.jsonl").read_text().splitlines())
    Path("y.jsonl").write_text("mine")
    assert run("gallery", "export", store, "--out", "y.jsonl")[0] == 1


def test_vacuum_changes_no_answer(run, bundle, store):
    argv = ("search", bundle.path, store, "shop/4.png", "--by", "colour")
    before = answer(run, *argv)
    assert answer(run, "gallery", "vacuum", store)["items"] == 8
    assert answer(run, *argv) == before


def test_another_precision_is_refused_where_it_is_known(run, bundle, shop):
    contract = replace(contract_of(Embedder(bundle.path)), precision="int8")
    Matcher.open("x/", contract=contract, create=True).close()
    for argv in (
        ("search", bundle.path, "x/", "shop/4.png", "--by", "colour"),
        ("gallery", "add", "x/", "--bundle", bundle.path, "shop"),
    ):
        status, _, err = run(*argv)
        assert status == 1
        assert "has the precision fp32, expected int8: scores between precisions are off" in err.splitlines()[-1]


@pytest.mark.parametrize("command", ["info", "add", "update", "remove", "list", "export", "copy", "vacuum"])
def test_help_describes_and_gives_examples(run, capsys, command):
    with pytest.raises(SystemExit):
        run("gallery", command, "--help")
    text = capsys.readouterr().out
    assert f"examples:\n  fashionsdk gallery {command} " in text
    with pytest.raises(SystemExit):
        run("gallery", "--help")
    assert f"usage: fashionsdk gallery {command} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (("gallery", "info", "none/"), 1, "no gallery in none"),
        (("gallery", "info", "none.gallery"), 1, "no gallery at none.gallery"),
        (("gallery", "info", "redis://host"), 2, "no store is called 'redis'"),
        (("gallery", "remove", "none.gallery", "a"), 1, "no gallery at none.gallery"),
        (("gallery", "add", "none", "--bundle", "BUNDLE", "shop"), 1, "expected a name such as shop.gallery or shop/"),
        (("gallery", "add", "shop/", "--bundle", "BUNDLE", "shop"), 1, "a gallery needs a folder of its own"),
        (("gallery",), 2, "Look at a gallery"),
        (("search", "BUNDLE", "x.gallery", "shop/4.png"), 2, "expected one of neckline, sleeve, colour"),
        (("search", "BUNDLE", "x.gallery", "shop/4.png", "--by", "hem"), 2, "unknown attribute 'hem'"),
        (
            ("search", "BUNDLE", "x.gallery", "shop/4.png", "--by", "colour", "--attribute", "colour"),
            2,
            "--attribute and --by are both given",
        ),
        (
            ("search", "BUNDLE", "x.gallery", "shop/4.png", "--by", "colour", "--by", "colour=2"),
            2,
            "--by names 'colour' twice",
        ),
    ],
)
def test_a_command_that_cannot_be_done_says_why(run, bundle, shop, argv, status, message):
    run("index", bundle.path, "shop", "--out", "x.gallery")
    got, _, err = run(*(bundle.path if argument == "BUNDLE" else argument for argument in argv))
    assert got == status
    assert message in err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--where", "price <=", "expected a number, true, false"),
        ("--where", "__import__('os')", "expected one of ="),
        ("--by", "colour=much", "expected a weight after ="),
    ],
)
def test_an_option_that_cannot_be_read_says_why(run, capsys, option, value, message):
    with pytest.raises(SystemExit):
        run("search", "b", "g", "p", option, value)
    assert message in capsys.readouterr().err


def test_a_condition_means_the_same_in_python(run, store):
    listed = answer(run, "gallery", "list", store, "--where", "price between 20 and 40")["items"]
    with Matcher.open(store) as matcher:
        assert [entry["key"] for entry in listed] == [
            key for key, _ in matcher.entries(parse_condition("price >= 20 and price <= 40"))
        ]
