"""The ``fashionsdk`` command: its answers, its exit codes, and that stdout holds the answer alone."""

import argparse
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.backends import PRECISIONS, RUNTIMES
from fashionsdk.cli import main
from fashionsdk.cli._options import Help, add_command
from fashionsdk.embedding._embedder import Embedder
from fashionsdk.search._matcher import Matcher

COMMANDS = (
    "embed",
    "index",
    "search",
    "rerank",
    "check",
    "evaluate",
    "triplets",
    "point",
    "report",
    "attention",
    "map",
)


GOOD = [f"shop/{index}.png" for index in range(0, 8, 2)] + [f"shop/deep/{index}.png" for index in range(1, 8, 2)]


def test_embed_writes_what_the_embedder_says(run, bundle, shop):
    status, out, err = run("embed", bundle.path, "shop", "--out", "x.npz", "--attention", "--json", "--device", "cpu")
    assert status == 0
    embedder = Embedder(bundle.path, device="cpu")
    expected = embedder.embed(GOOD, attention=True)
    with np.load("x.npz", allow_pickle=False) as stored:
        assert stored["keys"].tolist() == GOOD
        assert stored["attributes"].tolist() == list(expected.attributes)
        assert stored["model"].item() == embedder.model
        np.testing.assert_allclose(stored["vectors"], expected.vectors, rtol=0, atol=1e-6)
        assert expected.attention is not None
        np.testing.assert_allclose(stored["attention"], expected.attention, rtol=0, atol=1e-6)
    answer = json.loads(out)
    assert (answer["photos"], answer["out"], answer["model"]) == (8, "x.npz", embedder.model)
    assert [entry["photo"] for entry in answer["skipped"]] == ["shop/deep/bad.jpg"]
    assert "skipped shop/deep/bad.jpg: " in err
    assert "skipped 1 of 9 photos" in err


def test_index_then_search_finds_the_photo_itself(run, bundle, gallery):
    status, out, _ = run("search", bundle.path, gallery, "shop/4.png", "--attribute", "sleeve", "-k", 3)
    header, first, *others = out.splitlines()
    assert (status, header.split(), len(others)) == (0, ["rank", "score", "key"], 2)
    assert first.split() == ["1", "1.0000", "shop/4.png"]


def test_search_as_json_agrees_with_the_matcher(run, bundle, gallery):
    _, out, _ = run("search", bundle.path, gallery, "shop/4.png", "--attribute", "colour", "--json")
    embedder = Embedder(bundle.path)
    expected = Matcher.load(gallery).search(embedder.embed(["shop/4.png"]), "colour")
    answer = json.loads(out)
    assert [match["key"] for match in answer["matches"]] == expected.keys[0]
    assert [match["score"] for match in answer["matches"]] == expected.scores[0].tolist()
    assert (answer["attribute"], answer["model"]) == ("colour", embedder.model)


def test_metadata_comes_back_with_a_match(run, bundle, shop):
    Path("products.csv").write_text("photo,price,name\nshop/4.png,20,Dress\nelsewhere.png,1,None\n")
    _, _, err = run("index", bundle.path, "shop", "--out", "shop.gallery", "--metadata", "products.csv")
    assert "1 of 2 rows name no photo" in err
    assert "no row for 8 of 9 photos" in err
    _, out, _ = run("search", bundle.path, "shop.gallery", "shop/4.png", "--attribute", "colour", "-k", 1, "--json")
    assert json.loads(out)["matches"][0]["metadata"] == {"price": 20, "name": "Dress"}


def test_check_passes_for_a_whole_bundle(run, bundle):
    status, out, _ = run("check", bundle.path, "--json", "--device", "cpu")
    assert (status, json.loads(out)["ok"]) == (0, True)
    assert run("check", bundle.path)[0] == 0


def test_the_requested_runtime_runs(run, bundle, shop):
    status, out, _ = run("check", bundle.path, "--json", "--runtime", "openvino")
    assert (status, json.loads(out)["backend"]["runtime"].split()[0]) == (0, "openvino")
    status, _, err = run("embed", bundle.path, "shop/0.png", "--out", "x.npz", "--runtime", "openvino")
    assert status == 0
    assert " openvino " in err.splitlines()[0]


def test_choices_are_those_of_the_backends(bundle):
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers(), Help("x", "", "", ""), lambda _: 0)
    for name, choices in (("--runtime", ("auto", *RUNTIMES)), ("--precision", PRECISIONS)):
        for choice in choices:
            assert choice in vars(parser.parse_args(["x", "b", name, choice])).values()
        with pytest.raises(SystemExit):
            parser.parse_args(["x", "b", name, "other"])


def test_check_fails_when_answers_differ(run, write_bundle, reference):
    swapped = replace(reference, embeddings=reference.embeddings[::-1].copy())
    altered = write_bundle(reference=swapped)
    status, out, _ = run("check", altered.path, "--json")
    assert (status, json.loads(out)["ok"]) == (1, False)
    status, out, _ = run("check", altered.path)
    assert (status, out.startswith("NOT OK")) == (1, True)


def test_evaluate_prints_each_attribute(run, bundle, shop):
    status, out, _ = run("evaluate", bundle.path, "--data", "shop")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["attribute", "colour", "neckline", "mean"]
    status, out, _ = run("evaluate", bundle.path, "--data", "shop/labels.csv", "--attribute", "neckline", "--json")
    answer = json.loads(out)
    assert [score["attribute"] for score in answer["attributes"]] == ["neckline"]
    assert answer["photos"] == 7


def test_evaluate_counts_and_names_the_photos_that_cannot_be_read(run, bundle, shop):
    with (shop / "labels.csv").open("a") as table:
        table.write("\ndeep/bad.jpg,valid,red,v\nnone.jpg,valid,blue,v")
    status, out, err = run("evaluate", bundle.path, "--data", "shop", "--json")
    answer = json.loads(out)
    assert (status, answer["photos"], answer["without_embedding"]) == (0, 7, 2)
    assert [entry["photo"] for entry in answer["skipped"]] == ["shop/deep/bad.jpg", "shop/none.jpg"]
    assert all(entry["reason"] for entry in answer["skipped"])
    assert "skipped 2 of 9 photos" in err


@pytest.mark.slow
def test_report_writes_a_page(run, bundle, shop):
    status, out, _ = run("report", bundle.path, "--data", "shop", "--out", "report.html", "--json")
    assert status == 0
    assert json.loads(out)["out"] == "report.html"
    page = Path("report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert bundle.manifest.model.digest[:16] in page


def test_stdout_stays_empty_without_an_answer(run, bundle, shop):
    assert run("index", bundle.path, "shop", "--out", "a.gallery")[1] == ""
    assert run("embed", bundle.path, "shop", "--out", "a.npz")[1] == ""


WORLD = {
    "no bundle": ("check", "none"),
    "no device": ("check", "BUNDLE", "--device", "cuda:99"),
    "no precision": ("check", "BUNDLE", "--precision", "int8"),
    "no engine": ("check", "BUNDLE", "--runtime", "tensorrt"),
    "no such pair": ("check", "BUNDLE", "--runtime", "openvino", "--device", "cuda"),
    "no folder": ("embed", "BUNDLE", "shop", "--out", "none/x.npz"),
    "a folder as file": ("index", "BUNDLE", "shop", "--out", "shop"),
    "no photos": ("embed", "BUNDLE", "empty", "--out", "x.npz"),
    "only bad photos": ("embed", "BUNDLE", "shop/deep/bad.jpg", "none.jpg", "--out", "x.npz"),
    "a bad photo": ("index", "BUNDLE", "shop", "--out", "x.gallery", "--on-error", "raise"),
    "no gallery": ("search", "BUNDLE", "none.gallery", "shop/0.png", "--attribute", "colour"),
    "no gallery either": ("search", "BUNDLE", "shop/0.png", "shop/0.png", "--attribute", "colour"),
    "a bad query": ("search", "BUNDLE", "GALLERY", "shop/deep/bad.jpg", "--attribute", "colour"),
    "no table": ("evaluate", "BUNDLE", "--data", "none.csv"),
    "no split": ("evaluate", "BUNDLE", "--data", "shop", "--split", "test"),
    "no metadata": ("index", "BUNDLE", "shop", "--out", "x.gallery", "--metadata", "none.csv"),
}
USAGE = {
    "an unknown attribute": ("search", "BUNDLE", "GALLERY", "shop/0.png", "--attribute", "hem"),
    "no attribute": ("search", "BUNDLE", "GALLERY", "shop/0.png"),
    "an unlabelled attribute": ("evaluate", "BUNDLE", "--data", "shop", "--attribute", "sleeve"),
}


@pytest.mark.parametrize(("status", "name"), [(1, name) for name in WORLD] + [(2, name) for name in USAGE])
def test_an_error_is_one_line_and_an_exit_code(run, bundle, gallery, status, name):
    Path("empty").mkdir()
    places = {"BUNDLE": bundle.path, "GALLERY": gallery}
    argv = [places.get(argument, argument) for argument in (WORLD | USAGE)[name]]
    before = sorted(os.listdir())
    got, out, err = run(*argv)
    assert (got, out) == (status, "")
    assert err.splitlines()[-1].startswith("fashionsdk: error: ")
    assert "Traceback" not in err
    assert sorted(os.listdir()) == before
    assert "Traceback" in run(*argv, "--debug")[2]


def test_a_table_with_an_attribute_that_the_model_lacks_says_how_to_choose(run, bundle, shop):
    table = shop / "labels.csv"
    table.write_text(table.read_text().replace("neckline", "hem"))
    for command in (("evaluate",), ("report", "--out", "x.html")):
        status, _, err = run(command[0], bundle.path, "--data", "shop", *command[1:])
        assert status == 2
        assert "does not know hem; it knows neckline, sleeve, colour: leave the others out" in err
        assert run(command[0], bundle.path, "--data", "shop", *command[1:], "--attribute", "colour")[0] == 0


def test_a_gallery_of_another_model_is_rejected(run, bundle, gallery):
    loaded = Matcher.load(gallery)
    Matcher.empty(loaded.attributes, loaded.dimension, "f" * 64).save(gallery)
    status, _, err = run("search", bundle.path, gallery, "shop/0.png", "--attribute", "colour")
    assert status == 1
    assert "was made by model ffff" in err


@pytest.mark.parametrize("argv", [["cut"], ["search"], ["embed", "b", "p"], ["search", "b", "g", "p", "-k", "0"]])
def test_a_wrong_command_line_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: fashionsdk" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_describes_and_gives_examples(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert f"examples:\n  fashionsdk {command} bundle/" in text
    assert len(text.split("options:")[0].split()) > 20


def test_help_needs_no_heavy_import():
    code = "import sys, fashionsdk.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "onnxruntime", "tqdm"} & set(done.stdout.split())


def command(*argv: object) -> list[str]:
    return [sys.executable, "-c", "import sys; from fashionsdk.cli import main; sys.exit(main())", *map(str, argv)]


def test_a_reader_that_leaves_early_is_no_traceback(bundle, gallery):
    argv = command("search", bundle.path, gallery, "shop/0.png", "--attribute", "colour")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 141
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


@pytest.mark.usefixtures("plain_signals")
def test_interrupted_leaves_the_old_gallery(bundle, gallery):
    before = Path(gallery).read_bytes()
    Path("many").mkdir()
    for index in range(4000):
        os.link("shop/0.png", f"many/{index}.png")
    argv = command("index", bundle.path, "many", "--out", gallery, "--overwrite")
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("model ")
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "fashionsdk: interrupted"
    assert Path(gallery).read_bytes() == before
