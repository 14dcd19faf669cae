"""What a writer refuses, and what it leaves behind."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from fashionsdk.attributes import Attribute
from fashionsdk.bundle import Bundle, FileInfo, Manifest, Reference
from fashionsdk.errors import BundleError
from tests.sdk.bundle.bundles import WriteBundle, contents


def test_existing_bundle_is_replaced_only_when_asked(write_bundle: WriteBundle, written: Path, manifest: Manifest):
    with pytest.raises(BundleError, match=r"exists; choose another folder, .* \(overwrite=True, or --overwrite\)"):
        write_bundle()
    write_bundle(manifest=replace(manifest, metrics={"map": 0.75}), overwrite=True)
    assert Bundle.open(written).manifest.metrics == {"map": 0.75}
    assert [path.name for path in written.parent.iterdir()] == ["bundle"]


def test_folder_that_is_not_a_bundle_is_never_replaced(write_bundle: WriteBundle, tmp_path: Path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="is not a bundle, so it is not replaced"):
        write_bundle(overwrite=True)
    assert contents(tmp_path) == {"bundle/thesis.txt": b"years of work"}


def test_bundle_with_a_strangers_file_in_it_is_not_replaced(write_bundle: WriteBundle, written: Path):
    (written / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"notes\.txt does not belong to the bundle"):
        write_bundle(overwrite=True)
    assert (written / "notes.txt").read_text() == "mine"


def test_file_in_the_way_is_not_replaced(write_bundle: WriteBundle, tmp_path: Path):
    (tmp_path / "bundle").write_text("a file")
    with pytest.raises(BundleError, match="is not a bundle"):
        write_bundle(overwrite=True)


def test_empty_folder_is_filled_and_missing_parents_are_made(write_bundle: WriteBundle, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "new" / "parents" / "bundle"):
        write_bundle(out=out)
        assert Bundle.open(out)


def test_link_to_a_bundle_stays_a_link(write_bundle: WriteBundle, written: Path, tmp_path: Path):
    (tmp_path / "current").symlink_to(written)
    write_bundle(out=tmp_path / "current", overwrite=True)
    assert (tmp_path / "current").is_symlink()
    assert Bundle.open(tmp_path / "current")


@pytest.mark.parametrize("overwrite", [True, False])
def test_failed_write_leaves_what_was_there(write_bundle: WriteBundle, tmp_path: Path, overwrite: bool):
    if overwrite:
        write_bundle()
    before = contents(tmp_path)
    with pytest.raises(FileNotFoundError):
        write_bundle(graphs={"model.fp32.onnx": tmp_path / "none.onnx"}, overwrite=overwrite)
    assert contents(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == len(before) // 3


def test_writer_refuses_what_a_reader_would(
    write_bundle: WriteBundle, manifest: Manifest, reference: Reference, graph_file: Path, tmp_path: Path
):
    listed = replace(manifest, files={"x": FileInfo("0" * 64, 0)})
    three = replace(manifest, attributes=(*manifest.attributes, Attribute("lapel", ())))
    rejected: list[tuple[dict[str, Any], str]] = [
        ({"manifest": listed}, "files is not empty"),
        ({"manifest": replace(manifest, metrics={"map": float("nan")})}, "metrics.map is nan"),
        ({"manifest": replace(manifest, metrics={"map": cast(float, np.float32(1))})}, "expected float"),
        ({"manifest": replace(manifest, extra={"x": float("inf")})}, "JSON"),
        ({"manifest": three}, "embeddings is float32"),
        ({"graphs": {"other.onnx": graph_file}}, "files lacks 'model.fp32.onnx'"),
        ({"graphs": {"../x.onnx": graph_file}}, "is not allowed"),
        ({"graphs": {"reference.npz": graph_file}}, "expected it to be given as reference"),
        ({"reference": replace(reference, attention=None)}, "in both"),
    ]
    for changes, message in rejected:
        with pytest.raises(ValueError, match=message):
            write_bundle(**changes)
    assert list(tmp_path.iterdir()) == []


KILLED_WRITER = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from fashionsdk.bundle import Bundle

graph, *outs = map(Path, sys.argv[1:])
old = Bundle.open(outs[0])
manifest, reference = replace(old.manifest, files={}, metrics={"map": 1.0}), old.reference()

def write(out, steps):
    "Replace the bundle, and be killed at that step."
    def die_at_last_step(event, arguments):
        nonlocal steps
        if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir") and out.name in str(arguments[0]):
            steps -= 1
            if steps == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die_at_last_step)
    Bundle.write(out, manifest=manifest, graphs={"model.fp32.onnx": graph}, reference=reference, overwrite=True)
    os._exit(0)

for step, out in enumerate(outs, 1):  # in a process each, which need not import all again
    child = os.fork()
    if child == 0:
        write(out, step)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
def test_writer_killed_at_any_step_leaves_a_whole_bundle(write_bundle: WriteBundle, graph_file: Path, tmp_path: Path):
    outs = [write_bundle(out=tmp_path / f"{step}" / "target-bundle").path for step in range(1, 40)]
    arguments = [sys.executable, "-c", KILLED_WRITER, str(graph_file), *map(str, outs)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    codes = [int(line) for line in done.stdout.split()]
    killed = codes.index(0)  # the writer of this many steps came to its end, as those of more do
    assert killed > 10
    assert codes == [-signal.SIGKILL] * killed + [0] * (len(outs) - killed), done.stderr
    reached = [Bundle.open(out).manifest.metrics["map"] for out in outs]
    assert set(reached[:killed]) == {0.5, 1.0}
    assert set(reached[killed:]) == {1.0}


@pytest.mark.parametrize("out", ["/proc/x/bundle", "x" * 300, "a\0b", "file/bundle"])
def test_what_cannot_be_written_is_known_before_the_work(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="cannot write the bundle"):
        Bundle.check_writable(out, overwrite=True)
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_keeps_the_old_bundle(write_bundle, graph_file, small_disk):
    digest = write_bundle(out=small_disk / "bundle").manifest.files
    large = small_disk.parent / "large.onnx"
    large.write_bytes(bytes(16 << 20))
    graphs = {"model.fp32.onnx": graph_file, "more.onnx": large}
    with pytest.raises(BundleError, match=r"cannot write the bundle .*bundle: No space left on device"):
        write_bundle(out=small_disk / "bundle", graphs=graphs, overwrite=True)
    assert Bundle.open(small_disk / "bundle").manifest.files == digest
    assert os.listdir(small_disk) == ["bundle"]
