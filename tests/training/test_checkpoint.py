"""Checkpoints: a saved one loads as it was, a damaged one is an error."""

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from hashlib import sha256

import pytest
import torch
from safetensors.torch import load_file, save_file

from fashionsdk.attributes import Attribute
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.checkpoint import CONFIG_FILE, MAX_CONFIG_BYTES, WEIGHTS_FILE, Checkpoint
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
    """Change a checkpoint's settings as a forger would: without their digest, as in checkpoints of before."""
    path = folder / CONFIG_FILE
    config = json.loads(path.read_text()) | changes
    config.pop("own_sha256", None)
    path.write_text(json.dumps(config))


def test_an_unknown_key_is_an_error(saved):
    rewrite(saved, surprise=1)
    with pytest.raises(CheckpointError, match="unknown key 'surprise'"):
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


def test_a_flipped_bit_anywhere_is_an_error(saved):
    whole = (saved / CONFIG_FILE).read_bytes()
    for position in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        (saved / CONFIG_FILE).write_bytes(flipped)
        with pytest.raises(CheckpointError) as error:
            Checkpoint.load(saved)
        assert "\n" not in str(error.value)
    (saved / CONFIG_FILE).write_bytes(whole)
    weights = bytearray((saved / WEIGHTS_FILE).read_bytes())
    for position in (8, 40, len(weights) // 2, len(weights) - 1):
        weights[position] ^= 4
        (saved / WEIGHTS_FILE).write_bytes(weights)
        with pytest.raises(CheckpointError):
            Checkpoint.load(saved)
        weights[position] ^= 4


def test_what_the_models_digest_does_not_cover_has_a_digest_too(saved):
    text = (saved / CONFIG_FILE).read_text()
    (saved / CONFIG_FILE).write_text(text.replace("51.5", "91.5"))
    with pytest.raises(CheckpointError, match="it is damaged or was changed"):
        Checkpoint.load(saved)


def test_a_checkpoint_of_before_without_that_digest_loads(saved, checkpoint):
    rewrite(saved)
    assert "own_sha256" not in (saved / CONFIG_FILE).read_text()
    assert Checkpoint.load(saved).digest == checkpoint.digest


def forge(saved, **changes):
    """Give a checkpoint other settings of the network, and the digest that fits them."""
    config = json.loads((saved / CONFIG_FILE).read_text())
    model = config["model"] | changes
    described = [model, config["preprocessing"], config["attributes"]]
    digest = sha256(json.dumps(described, sort_keys=True).encode() + (saved / WEIGHTS_FILE).read_bytes())
    rewrite(saved, model=model, revision=digest.hexdigest())


@pytest.mark.parametrize(
    "name", ["hf_hub:user/net", "hf-hub:user/net", "local-dir:/tmp/net", "user/net", "..", "", "hf_hub:x\n", "a b"]
)
def test_settings_cannot_name_a_place_to_fetch_a_network_from(saved, name, monkeypatch):
    reached = []
    monkeypatch.setattr("socket.socket.connect", lambda *_: reached.append(1))
    monkeypatch.setattr("timm.create_model", lambda *_, **__: reached.append(1))
    forge(saved, backbone=name)
    with pytest.raises(CheckpointError, match=r"backbone is .*; expected the name of a network in timm"):
        Checkpoint.load(saved)
    assert reached == []


def test_a_backbone_that_timm_does_not_have_is_an_error_in_one_line(saved):
    forge(saved, backbone="no_such_network")
    with pytest.raises(CheckpointError, match=r"config\.json describes cannot be built: .*no_such_network"):
        Checkpoint.load(saved).build()


@pytest.mark.parametrize("name", ["common_dimension", "attribute_dimension", "hidden_dimension", "embedding_dimension"])
def test_a_dimension_out_of_range_is_an_error(saved, name):
    for value in (8193, 10**18, 10**400):
        forge(saved, **{name: value})
        with pytest.raises(CheckpointError, match=f"{name} is .*; expected 8192 at most"):
            Checkpoint.load(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"backbone": "vit_giant_patch14_clip_224", "stage": 3},  # 4 GB
        {"values": [100_000, 300_000_000_000]},
        {"architecture": "triplet", "embedding_dimension": 8192, "values": [100_000, 100_000]},
    ],
)
def test_settings_cannot_make_a_network_of_gigabytes(saved, changes, monkeypatch):
    monkeypatch.setattr("fashionsdk_training.checkpoint.SPARE_BYTES", 1 << 26)  # filling 1 GiB takes seconds
    forge(saved, **changes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match="cannot be built: its tensors take more than"):
        Checkpoint.load(saved).build()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


def test_settings_of_gigabytes_are_not_parsed(saved):
    with (saved / CONFIG_FILE).open("r+b") as file:
        file.truncate(MAX_CONFIG_BYTES + 1)
    with pytest.raises(CheckpointError, match=r"config\.json has over 16777216 bytes"):
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
