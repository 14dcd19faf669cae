"""Checkpoints: a saved one loads as it was, a damaged one is an error."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from fashionsdk.attributes import Attribute
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.checkpoint import CONFIG_FILE, WEIGHTS_FILE, Checkpoint
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.models import build_model
from tests.training.conftest import SIDE, TINY

ATTRIBUTES = (Attribute("colour", ("red", "green")), Attribute("sleeve", ("long", "short")))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build_model(TINY, 2).eval()


@pytest.fixture
def checkpoint(model):
    return Checkpoint(
        model=TINY,
        preprocessing=Preprocessing(SIDE),
        attributes=ATTRIBUTES,
        weights=model.state_dict(),
        metrics={"map": 51.5},
        history=({"epoch": 1, "loss": 0.3},),
        data_digest="abc",
        recipe={"epochs": 3},
    )


@pytest.fixture
def saved(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "best")
    return tmp_path / "best"


def test_a_loaded_checkpoint_builds_the_saved_model(saved, model, checkpoint):
    loaded = Checkpoint.load(saved)
    images = torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(loaded.build()(images).embeddings, model(images).embeddings)
    assert not loaded.build().training
    for name in ("model", "preprocessing", "attributes", "metrics", "history", "data_digest", "recipe", "digest"):
        assert getattr(loaded, name) == getattr(checkpoint, name)


def test_the_digest_changes_with_whatever_decides_the_embeddings(checkpoint):
    from dataclasses import replace

    first = next(iter(checkpoint.weights))
    changed = dict(checkpoint.weights) | {first: checkpoint.weights[first] + 1}
    digests = {
        checkpoint.digest,
        replace(checkpoint, weights=changed).digest,
        replace(checkpoint, preprocessing=Preprocessing(SIDE + 1)).digest,
        replace(checkpoint, preprocessing=Preprocessing(SIDE, reducing_gap=None)).digest,
        replace(checkpoint, attributes=ATTRIBUTES[::-1]).digest,
    }
    assert len(digests) == 5
    assert replace(checkpoint, metrics={}).digest == checkpoint.digest


@pytest.mark.parametrize("change", ["missing", "unknown", "shape"])
def test_weights_with_other_keys_or_shapes_are_an_error(saved, change):
    loaded = Checkpoint.load(saved)
    key = "attribute_branch.spatial.bias"
    weights = dict(loaded.weights)
    if change == "missing":
        del weights[key]
    elif change == "unknown":
        weights["attribute_branch.extra"] = torch.zeros(1)
    else:
        weights[key] = torch.zeros(3)
    Checkpoint(TINY, loaded.preprocessing, loaded.attributes, weights).save(saved)
    with pytest.raises(CheckpointError, match=r"missing from|unknown in|has shape"):
        Checkpoint.load(saved).build()


def rewrite(folder, **changes):
    path = folder / CONFIG_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_an_unknown_key_is_an_error(saved):
    rewrite(saved, surprise=1)
    with pytest.raises(CheckpointError, match="unknown key 'surprise'"):
        Checkpoint.load(saved)


def test_a_folder_with_anything_else_is_never_replaced(checkpoint, saved, tmp_path):
    """An ``--out`` that is a folder of photos must not be lost."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "dress.jpg").write_bytes(b"a photo")
    (saved / "notes.txt").write_text("mine")
    for folder, name in ((tmp_path / "photos", "dress.jpg"), (saved, "notes.txt")):
        for write in (lambda: checkpoint.save(folder), lambda: Checkpoint.check_writable(folder, overwrite=True)):  # noqa: B023
            with pytest.raises(CheckpointError, match=rf"{name} is no part of a checkpoint and would be lost"):
                write()
    assert (tmp_path / "photos" / "dress.jpg").read_bytes() == b"a photo"
    assert (saved / "notes.txt").read_text() == "mine"


def test_a_checkpoint_is_replaced_when_that_is_asked_for(saved, tmp_path):
    with pytest.raises(CheckpointError, match="holds a checkpoint; replace it with --overwrite"):
        Checkpoint.check_writable(saved)
    Checkpoint.check_writable(saved, overwrite=True)
    Checkpoint.check_writable(tmp_path / "new" / "deep")
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "file", "/proc/x/best", tmp_path / ("x" * 300), "a\0b"):
        with pytest.raises(CheckpointError, match="cannot write the checkpoint"):
            Checkpoint.check_writable(wrong, overwrite=True)


def test_a_full_disk_keeps_the_old_checkpoint(checkpoint, small_disk):
    from dataclasses import replace

    checkpoint.save(small_disk / "best")
    large = replace(checkpoint, recipe={"notes": "x" * (16 << 20)})
    with pytest.raises(CheckpointError, match=r"cannot write the checkpoint .*best: No space left on device"):
        large.save(small_disk / "best")
    assert Checkpoint.load(small_disk / "best").digest == checkpoint.digest
    assert [path.name for path in small_disk.iterdir()] == ["best"]


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE])
def test_a_pipe_in_a_checkpoint_is_not_waited_for(saved, name):
    (saved / name).unlink()
    os.mkfifo(saved / name)
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        Checkpoint.load(saved)


@pytest.mark.parametrize("gap", [2, None])
def test_how_far_jpegs_are_reduced_is_loaded_as_it_was_saved(checkpoint, tmp_path, gap):
    from dataclasses import replace

    replace(checkpoint, preprocessing=Preprocessing(SIDE, gap)).save(tmp_path / "best")
    assert Checkpoint.load(tmp_path / "best").preprocessing == Preprocessing(SIDE, reducing_gap=gap)


def test_preprocessing_without_or_with_another_reducing_gap_is_an_error(saved):
    rewrite(saved, preprocessing={"side": SIDE})
    with pytest.raises(CheckpointError, match="preprocessing lacks the key 'reducing_gap'"):
        Checkpoint.load(saved)
    rewrite(saved, preprocessing={"side": SIDE, "reducing_gap": 2})
    with pytest.raises(CheckpointError, match="are not those"):
        Checkpoint.load(saved)


def test_another_format_is_an_error(saved):
    rewrite(saved, format_version=99)
    with pytest.raises(CheckpointError, match="format 99"):
        Checkpoint.load(saved)


def test_weights_of_another_checkpoint_are_an_error(saved):
    weights = load_file(saved / WEIGHTS_FILE)
    save_file({key: value + 1 for key, value in weights.items()}, saved / WEIGHTS_FILE)
    with pytest.raises(CheckpointError, match="are not those"):
        Checkpoint.load(saved)


@pytest.mark.parametrize("file", [WEIGHTS_FILE, CONFIG_FILE])
def test_a_truncated_or_missing_file_is_an_error(saved, file):
    content = (saved / file).read_bytes()
    (saved / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        Checkpoint.load(saved)
    (saved / file).unlink()
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        Checkpoint.load(saved)


WRITERS = """
    import os, sys
    from fashionsdk_training.checkpoint import Checkpoint

    checkpoint = Checkpoint.load(sys.argv[1])
    for _ in sys.stdin:
        if (writer := os.fork()) == 0:
            while True:
                checkpoint.save(sys.argv[1])
        print(writer, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]), flush=True)
"""


def test_killing_a_writer_at_any_moment_leaves_a_whole_checkpoint(saved):
    expected = Checkpoint.load(saved).digest
    command = [sys.executable, "-c", textwrap.dedent(WRITERS), str(saved)]  # a writer a line: torch is loaded once
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        for delay in (0.0, 0.003, 0.005, 0.007, 0.009, 0.011):
            print(file=parent.stdin, flush=True)
            writer = int(parent.stdout.readline())
            time.sleep(0.05 + delay)
            os.kill(writer, signal.SIGKILL)
            assert int(parent.stdout.readline()) == -signal.SIGKILL
            assert Checkpoint.load(saved).digest == expected
