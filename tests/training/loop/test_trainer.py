"""Training runs: they learn, they resume bit for bit, they survive a kill, and several processes agree."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionsdk.photos import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import ModelConfig, Objective, Optimisation, Sampling
from fashionsdk_training.data import load_training_data
from fashionsdk_training.data.augmentation import Augmentation
from fashionsdk_training.errors import CheckpointError, TrainingError
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.step.optimizer import highest_rate
from fashionsdk_training.loop.step.schedule import rate_at
from fashionsdk_training.loop.trainer import STATE_FILE, Trainer
from fashionsdk_training.models import ASENetV2
from tests.training.conftest import SIDE, tiny_config
from tests.training.loop.runs import ALONE, assert_same, tensors, train_in_two_parts

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run of three epochs that was never stopped."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    Trainer(tiny_config(), data, out, ALONE).fit()
    return out


@pytest.mark.long
def test_a_tiny_network_learns_both_attributes(data, tmp_path):
    config = tiny_config(epochs=10, augmentation=Augmentation(brightness=0.0))
    checkpoint = Trainer(config, data, tmp_path / "run", ALONE).fit()
    assert checkpoint.metrics["map"] > 90 > 70 > checkpoint.metrics["random_map"]


def test_the_best_epoch_is_the_checkpoint(whole, data):
    checkpoint = Checkpoint.load(whole / "best")
    best = max(row["map"] for row in checkpoint.history)
    assert checkpoint.metrics["map"] == best == checkpoint.history[-1]["map"]
    assert checkpoint.data_digest == data.digest
    assert list((whole / "log").iterdir())


def test_a_resumed_run_ends_bit_for_bit_where_an_unbroken_one_does(data, whole, tmp_path):
    train_in_two_parts(tiny_config(), data, tmp_path)
    assert_same(tensors(whole), tensors(tmp_path))


def test_mixed_precision_and_accumulation_resume_bit_for_bit_too(data, tmp_path, monkeypatch):
    monkeypatch.setattr("fashionsdk_training.loop.step.mixed_precision.computes_bfloat16", lambda: True)
    config = tiny_config(
        epochs=2,
        model=ModelConfig(backbone="test_efficientnet", stage=4, common_dimension=16),
        optimisation=Optimisation(accumulate=2),
    )
    Trainer(config, data, tmp_path / "whole", ALONE).fit()
    train_in_two_parts(config, data, tmp_path / "parts")
    assert_same(tensors(tmp_path / "whole"), tensors(tmp_path / "parts"))


@pytest.mark.parametrize(("computes", "trains_in"), [(True, "bfloat16"), (None, "bfloat16"), (False, "float32")])
def test_a_cpu_without_instructions_for_bfloat16_trains_in_float32(data, tmp_path, monkeypatch, computes, trains_in):
    monkeypatch.setattr("fashionsdk_training.loop.step.mixed_precision.computes_bfloat16", lambda: computes)
    trainer = Trainer(tiny_config(epochs=1, optimisation=Optimisation()), data, tmp_path, ALONE)
    seen = set()
    trainer.criterion.register_forward_pre_hook(lambda *_: seen.add(torch.is_autocast_enabled("cpu")))
    trainer.fit()
    assert seen == {trains_in == "bfloat16"}


def test_a_loss_that_is_not_a_number_stops_the_run_and_keeps_the_epoch_before(data, tmp_path, monkeypatch):
    trainer = Trainer(tiny_config(epochs=2), data, tmp_path, ALONE)
    original, model = trainer._epoch, trainer.criterion.model
    assert isinstance(model, ASENetV2)

    def poisoned(epoch, log):
        if epoch == 1:
            with torch.no_grad():
                model.attribute_embedding.weight.fill_(float("nan"))
        return original(epoch, log)

    monkeypatch.setattr(trainer, "_epoch", poisoned)
    with pytest.raises(TrainingError, match="the loss is nan in epoch 2, batch 1"):
        trainer.fit()
    assert all(torch.isfinite(value).all() for value in tensors(tmp_path).values())
    assert Checkpoint.load(tmp_path / "best").history[-1]["epoch"] == 1


@pytest.mark.gpu("PyTorch")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_training_resumes_on_a_gpu(data, tmp_path):
    on_gpu = Processes(0, 1, torch.device("cuda", 0))
    Trainer(tiny_config(epochs=1), data, tmp_path, on_gpu).fit()
    assert Trainer(tiny_config(epochs=1), data, tmp_path, on_gpu).fit().metrics["map"] > 0


@pytest.fixture(scope="module")
def stop_a_run(table):
    """Return a function that trains in another process, ends it with a signal in a later epoch, and returns its exit.

    All of them are forks of one process, which has imported PyTorch.
    """
    program = RUNS + textwrap.indent(textwrap.dedent(RUN), "    ") + FORKS
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        answers = parent.stdout
        assert answers is not None

        def stop(folder: Path, number: int) -> int:
            words = [str(word) for word in (table, folder / "run", folder / "photos", folder / "errors.txt")]
            print(json.dumps(words), file=parent.stdin, flush=True)
            run = int(answers.readline())
            while not (folder / "run" / STATE_FILE).exists():
                os.kill(run, 0)  # raises if it has ended
                time.sleep(0.005)
            os.kill(run, number)
            return int(answers.readline())

        yield stop
        parent.communicate()


def test_a_killed_run_loses_at_most_the_epoch_it_was_in(stop_a_run, data, whole, tmp_path):
    assert stop_a_run(tmp_path, signal.SIGKILL) == -signal.SIGKILL
    out = tmp_path / "run"
    Checkpoint.load(out / "best").build()
    Trainer(tiny_config(), data, out, ALONE).fit()
    assert_same(tensors(whole), tensors(out))


@pytest.mark.slow
def test_a_run_that_is_told_to_end_leaves_nothing_behind_and_continues(stop_a_run, data, whole, tmp_path):
    assert stop_a_run(tmp_path, signal.SIGTERM) == 143
    lines = (tmp_path / "errors.txt").read_text().splitlines()
    assert lines == ["train.py: terminated by SIGTERM; no temporary files are left behind"]
    assert not list(tmp_path.rglob(".*"))
    Trainer(tiny_config(), data, tmp_path / "run", ALONE).fit()
    assert_same(tensors(whole), tensors(tmp_path / "run"))


def test_a_full_disk_stops_the_run_and_keeps_what_was_saved(data, small_disk):
    """The disk has space for the best checkpoint, and not for the state, which is four times as large."""
    with pytest.raises(TrainingError, match="the run stops, and the epochs that were saved are kept: No space left"):
        Trainer(tiny_config(), data, small_disk / "run", ALONE).fit()
    assert sorted(path.name for path in (small_disk / "run").iterdir()) == ["best", "log", "run.toml"]
    Checkpoint.load(small_disk / "run" / "best").build()


def test_what_a_run_cannot_write_is_known_before_its_first_epoch(data, tmp_path, monkeypatch):
    trainer = Trainer(tiny_config(), data, tmp_path, ALONE)
    monkeypatch.setattr(trainer, "_epoch", lambda epoch: pytest.fail("an epoch began"))
    os.mkfifo(tmp_path / STATE_FILE)
    with pytest.raises(TrainingError, match="is not a regular file"):
        trainer.fit()
    (tmp_path / STATE_FILE).unlink()
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "dress.jpg").touch()
    with pytest.raises(CheckpointError, match=r"dress\.jpg is no part of a checkpoint"):
        trainer.fit()


RUN = """
    import sys, torch
    from hashlib import sha256
    from pathlib import Path
    from fashionsdk_training.data.training_data import load_training_data
    from fashionsdk_training.loop.distributed import processes
    from fashionsdk_training.loop.trainer import Trainer
    from tests.training.conftest import SIDE, tiny_config

    with processes("cpu") as peers:
        data = load_training_data(sys.argv[1], SIDE, 36, Path(sys.argv[3]) / str(peers.rank))
        trainer = Trainer(tiny_config(), data, Path(sys.argv[2]), peers)
        trainer.fit()
        weights = torch.cat([value.detach().flatten() for value in trainer.criterion.parameters()])
        Path(f"digest{peers.rank}").write_text(sha256(weights.numpy()).hexdigest())  # lines on stdout may be mixed
"""

RUNS = """
import json, os, sys
from fashionsdk.cli import guarded
from fashionsdk_training.loop.trainer import Trainer
from tests.training.conftest import SIDE, tiny_config

def run():
"""
FORKS = """
for line in sys.stdin:
    sys.argv[1:] = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
        sys.exit(guarded("train.py", run))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.long
def test_two_processes_end_with_the_same_weights(table, tmp_path):
    (tmp_path / "run.py").write_text(textwrap.dedent(RUN))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "run.py"]
    done = subprocess.run(
        [*command, str(table), "out", "photos"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "digest0").read_text() == (tmp_path / "digest1").read_text() != ""
    assert Checkpoint.load(tmp_path / "out" / "best").history[-1]["photos"] == 40 // 16 * 16


def test_other_settings_do_not_continue_a_run(whole, data):
    with pytest.raises(CheckpointError, match="another run: seed is 0 there and 1 here; expected the same settings"):
        Trainer(tiny_config(seed=1), data, whole, ALONE).fit()


def test_other_labels_do_not_continue_a_run(whole, data):
    values = data.values.copy()
    values[0] = -1
    with pytest.raises(CheckpointError, match="another run: the labels, the boxes or the photos' names are others"):
        Trainer(tiny_config(), replace(data, values=values), whole, ALONE).fit()


def test_a_finished_run_takes_more_epochs_at_the_rates_of_the_longer_run(whole, data, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    epochs, more = tiny_config().epochs, tiny_config().epochs + 2
    trainer = Trainer(tiny_config(epochs=more), data, tmp_path / "run", ALONE)
    rates = []
    trainer.criterion.register_forward_pre_hook(lambda *_: rates.append(highest_rate(trainer.optimizer)))
    trainer.fit()
    assert [row["epoch"] for row in trainer.history] == list(range(1, more + 1))
    settings, steps = tiny_config().optimisation, len(trainer.loader)
    times = [epochs + step / steps for step in range(2 * steps)]
    assert rates == pytest.approx([settings.learning_rate * rate_at(time, more, settings) for time in times])
    with pytest.raises(CheckpointError, match=f"has {more} epochs; got {epochs}; expected as many or more"):
        Trainer(tiny_config(), data, tmp_path / "run", ALONE).fit()


def test_a_finished_run_says_that_nothing_is_left(whole, data, caplog):
    caplog.set_level("INFO")
    Trainer(tiny_config(), data, whole, ALONE).fit()
    assert f"nothing is left to do after epoch {tiny_config().epochs}" in caplog.text


def test_a_damaged_state_is_an_error(data, whole, tmp_path):
    (tmp_path / STATE_FILE).write_bytes((whole / STATE_FILE).read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot continue from it"):
        Trainer(tiny_config(), data, tmp_path, ALONE).fit()


def test_the_papers_sampling_and_schedule_train_too(data, tmp_path):
    config = tiny_config(
        epochs=2,
        sampling=Sampling("triplets", batch_size=9),
        objective=Objective(proxy_weight=0.0),
        optimisation=Optimisation("adam", 1e-3, schedule="step", ema_decay=0.0, accumulate=2, clip_norm=1.0),
    )
    checkpoint = Trainer(config, data, tmp_path, ALONE).fit()
    assert all(np.isfinite(row["loss"]) for row in checkpoint.history)


def test_a_frozen_backbone_does_not_move(data, tmp_path):
    config = tiny_config(epochs=1)
    config = replace(config, optimisation=replace(config.optimisation, frozen_epochs=1))
    trainer = Trainer(config, data, tmp_path, ALONE)
    model = trainer.criterion.model
    assert isinstance(model, ASENetV2)
    before = {key: value.clone() for key, value in model.backbones()[0].state_dict().items()}
    head = model.attribute_embedding.weight.detach().clone()
    trainer.fit()
    assert_same(before, dict(model.backbones()[0].state_dict()))
    assert not torch.equal(head, model.attribute_embedding.weight)


def test_a_run_with_padding_reads_whole_photos_and_says_so_in_its_checkpoint(table, tmp_path):
    data = load_training_data(table, SIDE, 36, tmp_path / "photos", fit="pad")
    stored = Preprocessing(36, fit="pad").read(data.labels.paths[0])
    np.testing.assert_array_equal(data.photos.pixels[0], stored)
    assert (data.retrieval_photos.pixels[:, 0] == 255).all()  # the photos are wider than high: white above
    checkpoint = Trainer(tiny_config(epochs=1, fit="pad"), data, tmp_path / "run", ALONE).fit()
    assert checkpoint.preprocessing == Preprocessing(SIDE, fit="pad")
