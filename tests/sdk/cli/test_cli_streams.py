"""The command where standard streams are missing, closed, full, or read by nobody; and what it prints on them."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.cli import main
from fashionsdk.search._matcher import Matcher

PROGRAM = [sys.executable, "-c", "import sys; from fashionsdk.cli import main; sys.exit(main())"]
RED = "\x1b[31mred"


def shell(line, *arguments):
    """Run the command with a shell's redirections, which may close its streams."""
    words = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(["bash", "-c", f'"$@" {line}', "bash", *words], capture_output=True, text=True, check=False)


def test_without_stderr_the_answer_stands_alone(bundle, gallery):
    done = shell("2>&-", "search", bundle.path, gallery, "shop/4.png", "--attribute", "colour", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["matches"][0]["key"] == "shop/4.png"


def test_an_error_without_stderr_is_an_exit_code(bundle, shop):
    done = shell("2>&-", "search", bundle.path, "none.gallery", "shop/4.png", "--json")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("line", [">&-", "<&- >&- 2>&-"])
def test_a_file_is_written_without_any_stream(bundle, shop, line):
    """Descriptors 0 to 2 are free then, and a library's message must not end up in the gallery."""
    done = shell(line, "index", bundle.path, "shop", "--out", "a.gallery", "--json")
    assert done.returncode == 0
    assert len(Matcher.load("a.gallery")) == 8


@pytest.mark.slow
def test_an_answer_that_cannot_be_printed_is_said(bundle, gallery):
    arguments = ("search", bundle.path, gallery, "shop/4.png", "--attribute", "colour")
    done = shell(">&-", *arguments)
    assert done.returncode == 0
    assert "there is no standard output to print the answer on" in done.stderr.splitlines()
    done = shell("> /dev/full", *arguments)
    assert done.returncode == 1
    expected = "fashionsdk: error: cannot print the answer on standard output: No space left on device"
    assert done.stderr.splitlines()[-1] == expected
    assert shell("2> /dev/full", *arguments).returncode == 0


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


class OnlyWrite:
    """As a logger's stream that takes the place of stdout and stderr."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


@pytest.mark.parametrize(
    "stream", [lambda: None, closed, OnlyWrite, io.StringIO], ids=["none", "closed", "write", "text"]
)
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_streams_of_a_program_that_runs_the_command(bundle, gallery, monkeypatch, name, stream):
    monkeypatch.setattr(sys, name, stream())
    assert main(["search", str(bundle.path), gallery, "shop/4.png", "--attribute", "colour", "--json"]) == 0
    assert main(["search", str(bundle.path), "none", "shop/4.png"]) == 1


def test_keys_from_a_missing_standard_input_are_one_line(run, bundle, gallery, monkeypatch):
    arguments = ("rerank", bundle.path, gallery, "shop/4.png", "--attribute", "colour", "--keys", "-")
    for stream in (None, closed()):
        monkeypatch.setattr(sys, "stdin", stream)
        status, _, err = run(*arguments)
        assert (status, err.splitlines()[-1].split(": ")[-1]) == (
            1,
            "there is no standard input to read the list of keys from; give a file with --keys",
        )
    monkeypatch.setattr(sys, "stdin", io.StringIO("shop/0.png\nshop/4.png\n"))
    status, out, _ = run(*arguments, "--json")
    assert (status, len(json.loads(out)["matches"])) == (0, 2)


@pytest.fixture
def odd_shop(tmp_path, monkeypatch):
    """Labelled photos whose attribute, values and names hold control characters."""
    monkeypatch.chdir(tmp_path)
    folder, rows = tmp_path / "odd", [f"image,split,{RED}"]
    folder.mkdir()
    for index in range(6):
        name = f"\x1b]0;title\x07{index}.png"
        pixels = np.random.default_rng(index).integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
        rows.append(f"{name},valid,{RED if index % 2 else 'blue'}")
    (folder / "labels.csv").write_text("\n".join([*rows, f"\x1bnone.png,valid,{RED}"]))
    return folder


@pytest.fixture
def odd_bundle(write_bundle, manifest):
    """The tiny bundle with control characters in an attribute's name."""
    first, *others = manifest.attributes
    return write_bundle(manifest=replace(manifest, attributes=(replace(first, name=RED), *others)))


def check_escaped(text):
    assert not {character for character in text if not character.isprintable()} - {"\n"}
    assert "\\x1b" in text


def test_no_answer_and_no_note_holds_control_characters(run, odd_bundle, odd_shop):
    boxes = [f"\x1b]0;title\x07{index}.png,{RED},0,0,0.5,0.5" for index in range(6)]
    Path("boxes.csv").write_text("\n".join(["image,attribute,left,top,right,bottom", *boxes]))
    Path("bad\x1b.jpg").write_text("no photo")
    bundle = odd_bundle.path
    for argv in (
        ["evaluate", bundle, "--data", "odd"],
        ["point", bundle, "--data", "odd", "--boxes", "boxes.csv"],
        ["index", bundle, "odd", "bad\x1b.jpg", "--out", "a\x1b.gallery"],
        ["search", bundle, "a\x1b.gallery", "odd/\x1b]0;title\x070.png", "--attribute", "sleeve"],
        ["embed", bundle, "odd", "--out", "a\x1b.npz"],
    ):
        status, out, err = run(*argv)
        assert status == 0, err
        check_escaped(out + err)


def test_no_error_holds_control_characters(run, odd_bundle, odd_shop, capsys):
    for argv in (["search", odd_bundle.path, "none\x1b", "x"], ["evaluate", odd_bundle.path, "--data", "\x1b"]):
        check_escaped(run(*argv, "--debug")[2])
    with pytest.raises(SystemExit):
        main(["cut\x1b"])
    check_escaped(capsys.readouterr().err)


def test_no_warning_of_the_log_holds_control_characters(odd_bundle, odd_shop):
    """As a process: here the log is the tests' own."""
    warning = "import logging, sys; from fashionsdk.cli import main, show_log; show_log()"
    program = f"{warning}; logging.getLogger('fashionsdk').warning('lost %s', sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", program, "\x1b[31m"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "lost \\x1b[31m\n")
