"""Where the command writes, what it never overwrites, and what it prints."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fashionsdk
from fashionsdk.search._matcher import Matcher


def refusal(run, *argv: object) -> str:
    """Return the error of a command that must leave every file as it was."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    status, out, err = run(*argv)
    assert (status, out) == (1, "")
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    assert "model " not in err  # rejected before the model was loaded
    return err.splitlines()[-1].removeprefix("fashionsdk: error: ")


COMMANDS = {
    "embed": ("embed", "BUNDLE", "shop"),
    "index": ("index", "BUNDLE", "shop"),
    "report": ("report", "BUNDLE", "--data", "shop"),
    "attention": ("attention", "BUNDLE", "shop"),
    "map": ("map", "BUNDLE", "--data", "shop"),
}


@pytest.fixture(params=COMMANDS)
def argv(request, bundle) -> list[object]:
    """A command that writes a file, without ``--out``."""
    return [bundle.path if argument == "BUNDLE" else argument for argument in COMMANDS[request.param]]


def test_a_pipe_or_device_is_never_replaced(run, argv, shop):
    os.mkfifo("pipe")
    os.symlink("pipe", "link")
    assert refusal(run, *argv, "--out", "pipe") == "cannot write pipe: pipe is not a regular file"
    assert refusal(run, *argv, "--out", "link") == "cannot write link: link is not a regular file"
    assert Path("pipe").is_fifo()


def test_a_file_of_another_kind_is_not_replaced(run, argv, shop):
    Path("notes.txt").write_text("mine")
    assert "cannot write notes.txt: it exists and is not a" in refusal(run, *argv, "--out", "notes.txt")
    with zipfile.ZipFile("orders.xlsx", "w") as workbook:  # like .npz, a ZIP archive
        workbook.writestr("xl/workbook.xml", "<workbook/>")
    assert "cannot write orders.xlsx: it exists and is not a" in refusal(run, *argv, "--out", "orders.xlsx")
    Path("index.html").write_text("<!doctype html>\n<html><body>Our home page</body></html>\n")
    assert "cannot write index.html: it exists and is not a" in refusal(run, *argv, "--out", "index.html")
    np.savez("mine.npz", weights=np.arange(3))
    assert "cannot write mine.npz: it exists and is not a" in refusal(run, *argv, "--out", "mine.npz")


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.xlsx", "x.npy", "x.gallery.txt"])
def test_an_ending_says_what_the_file_is(run, argv, shop, name):
    message = refusal(run, *argv, "--out", name)
    usual = {"embed": ".npz", "index": ".gallery"}.get(str(argv[0]), ".html or .htm")
    assert f"no {Path(name).suffix} file; choose a name that ends in {usual}" in message


@pytest.mark.parametrize("argv", ["embed", "index", "attention"], indirect=True)
def test_the_right_endings_are_written_in_any_case(run, argv, shop):
    names = {"embed": ["a.npz", "b.NPZ"], "index": ["a.gallery", "b.Gallery"]}.get(str(argv[0]), ["a.htm", "b.HTML"])
    assert [run(*argv, "--out", name)[0] for name in names] == [0, 0]


def test_a_photo_that_is_read_is_not_overwritten(run, argv, shop):
    os.symlink("shop/0.png", "link.png")
    for out in ("shop/0.png", "link.png"):
        assert (
            refusal(run, *argv, "--out", out) == f"cannot write {out}: the command reads this file; choose another name"
        )


def test_a_table_that_is_read_is_not_overwritten(run, bundle, shop):
    Path("products.csv").write_text("photo,price\nshop/0.png,1\n")
    message = refusal(run, "index", bundle.path, "shop", "--metadata", "products.csv", "--out", "products.csv")
    assert "the command reads this file" in message
    for data in ("shop", "shop/labels.csv"):
        message = refusal(run, "report", bundle.path, "--data", data, "--out", "shop/labels.csv")
        assert "the command reads this file" in message


def test_nothing_is_written_into_the_bundle(run, argv, bundle, shop):
    before = sorted(bundle.path.iterdir())
    for name in ("manifest.json", "new"):
        assert "it is in the bundle" in refusal(run, *argv, "--out", bundle.path / name)
    assert sorted(bundle.path.iterdir()) == before


def test_a_folder_that_cannot_be_written_is_noticed_before_any_work(run, argv, shop):
    assert refusal(run, *argv, "--out", "/proc/x").startswith("cannot write /proc/x: ")
    long = "x" * 250  # fits, but not with what the file is called while it is written
    assert refusal(run, *argv, "--out", long) == f"cannot write {long}: File name too long"
    assert refusal(run, *argv, "--out", "none/x") == "cannot write none/x: there is no folder none; make it first"


def test_what_the_command_wrote_and_empty_files_are_replaced(run, argv, shop):
    table = shop / "labels.csv"
    table.write_text(table.read_text().replace("train", "valid"))  # a map needs eight photos
    Path("out").touch()
    again = ["--overwrite"] if argv[0] == "index" else []
    assert [run(*argv, *options, "--out", "out")[0] for options in ([], again)] == [0, 0]
    assert Path("out").stat().st_size
    assert not list(Path().glob(".*"))


def test_search_shows_metadata_in_columns(run, bundle, shop):
    Path("products.csv").write_text("photo,price,name\nshop/4.png,20,Red dress\nshop/deep/1.png,7,\n")
    run("index", bundle.path, "shop", "--out", "shop.gallery", "--metadata", "products.csv")
    _, out, _ = run("search", bundle.path, "shop.gallery", "shop/4.png", "--attribute", "colour")
    head, first, *_ = lines = out.splitlines()
    assert head.split() == ["rank", "score", "key", "price", "name"]
    assert first.split() == ["1", "1.0000", "shop/4.png", "20", "Red", "dress"]
    column = head.index("price")
    (other,) = (line for line in lines if "shop/deep/1.png" in line)
    assert (first[column : column + 2], other[column:]) == ("20", "7")
    assert first[head.index("name") :] == "Red dress"


@pytest.mark.slow
def test_any_key_can_be_printed_in_ascii(bundle, shop):
    os.rename("shop/0.png", "shop/robe-été.png")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    program = [sys.executable, "-c", "import sys; from fashionsdk.cli import main; sys.exit(main())"]
    for arguments in (
        ("index", bundle.path, "shop", "--out", "x.gallery"),
        ("search", bundle.path, "x.gallery", "shop/robe-été.png", "--attribute", "colour", "-k", "1"),
    ):
        done = subprocess.run([*program, *map(str, arguments)], capture_output=True, env=environment)
        assert (done.returncode, done.stderr.count(b"error")) == (0, 0)
    assert b"shop/robe-\\xe9t\\xe9.png" in done.stdout


@pytest.mark.parametrize("argv", [["check", ""], ["embed", "b", "", "--out", "x"], ["embed", "b", "p", "--out", " "]])
def test_an_empty_path_is_rejected(run, argv, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == 2
    assert "is empty; expected a path" in capsys.readouterr().err


def test_the_version_is_printed(run, capsys):
    with pytest.raises(SystemExit) as caught:
        run("--version")
    assert (caught.value.code, capsys.readouterr().out) == (0, f"fashionsdk {fashionsdk.__version__}\n")


@pytest.mark.parametrize("command", [("evaluate",), ("report", "--out", "x.html")])
def test_an_attribute_without_a_query_is_named(run, bundle, shop, command):
    table = shop / "labels.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text(
        "\n".join([f"{head},sleeve", *(f"{row},{'long' if i == 0 else ''}" for i, row in enumerate(rows))])
    )
    name, *options = command
    status, _, err = run(name, bundle.path, "--data", "shop", *options)
    assert (status, err.splitlines().count("no query for: sleeve")) == (0, 1)
    assert "no query for" not in run(name, bundle.path, "--data", "shop", *options, "--attribute", "colour")[2]
    status, _, err = run(name, bundle.path, "--data", "shop", *options, "--attribute", "sleeve")
    assert (status, err.splitlines()[-1]) == (1, "fashionsdk: error: shop: no query for sleeve in split 'valid'")


@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_help_says_how_queries_are_chosen(run, capsys, command):
    with pytest.raises(SystemExit):
        run(command, "--help")
    assert "every fifth from the first" in " ".join(capsys.readouterr().out.split())


def test_help_lists_the_files_that_are_found(run, capsys):
    with pytest.raises(SystemExit):
        run("index", "--help")
    text = " ".join(capsys.readouterr().out.split())
    assert ".gif, .heic, .heif, .hif, .jfif, .jpe, .jpeg, .jpg, .pbm" in text
    assert "through links too" in text


def test_a_gallery_is_replaced_when_that_is_asked_for(run, bundle, gallery):
    message = refusal(run, "index", bundle.path, "shop/0.png", "--out", gallery)
    expected = "it exists and holds 8 items; replace it with --overwrite, or choose another name"
    assert message == f"cannot write {gallery}: {expected}"
    assert run("index", bundle.path, "shop/0.png", "--out", gallery, "--overwrite")[0] == 0
    assert Matcher.load(gallery).keys == ("shop/0.png",)
