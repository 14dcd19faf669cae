"""What a run says while it runs: curves within an epoch, the expected end, and one curve for a run that was stopped."""

import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer

from fashionsdk_training.loop.run_files.run_log import RunLog, duration
from fashionsdk_training.loop.validation import ValidationResult

RESULT = ValidationResult("map", 50.0, 20.0, {"colour": 60.0})


@pytest.fixture(autouse=True)
def first_writers(monkeypatch):
    """Number TensorBoard's files from 0: those of one second are read in the order of their names, 10 before 9."""
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(0))


def curve(folder: Path, tag: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return [(event.step, round(event.value, 5)) for event in events.Scalars(tag)]


def row(epoch: int) -> dict[str, float]:
    return {"epoch": epoch, "loss": 0.5, "photos": 100, "seconds": 2.0}


def run(folder: Path, epochs: int, steps: int, done: int, stop_at: int) -> None:
    """Log the batches from the epoch ``done`` on up to batch ``stop_at`` of the run."""
    with RunLog(folder, epochs, steps, done, writes=True) as log:
        for number in range(done * steps, stop_at):
            log.step(number // steps, number % steps, float(number), number / 100)
            if (number + 1) % steps == 0:
                log.epoch(row(number // steps + 1), RESULT)


def test_curves_move_within_an_epoch(tmp_path: Path):
    run(tmp_path, epochs=2, steps=14, done=0, stop_at=28)
    assert curve(tmp_path, "batch/loss") == [(10, 4.5), (14, 11.5), (20, 16.5), (28, 23.5)]
    assert curve(tmp_path, "batch/learning_rate") == [(10, 0.09), (14, 0.13), (20, 0.19), (28, 0.27)]
    assert curve(tmp_path, "train/loss") == [(1, 0.5), (2, 0.5)]
    assert curve(tmp_path, "train/photos_per_second") == [(1, 50.0), (2, 50.0)]
    assert curve(tmp_path, "valid/MAP") == [(1, 50.0), (2, 50.0)]
    assert curve(tmp_path, "valid/MAP colour") == [(1, 60.0), (2, 60.0)]


@pytest.mark.parametrize("steps", [1, 20])
def test_batches_that_are_trained_again_after_a_stop_are_in_the_curve_once(steps: int, tmp_path: Path):
    run(tmp_path, epochs=3, steps=steps, done=0, stop_at=2 * steps - steps // 2)
    run(tmp_path, epochs=3, steps=steps, done=1, stop_at=3 * steps)
    for tag in ("batch/loss", "train/loss"):
        numbers = [step for step, _ in curve(tmp_path, tag)]
        assert numbers == sorted(set(numbers)), tag
    assert curve(tmp_path, "train/loss") == [(epoch, 0.5) for epoch in (1, 2, 3)]


def test_the_end_is_estimated_early_and_after_each_epoch(tmp_path: Path, caplog, monkeypatch):
    caplog.set_level("INFO")
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "time", lambda: clock[0])
    monkeypatch.setattr(time, "localtime", time.gmtime)
    with RunLog(tmp_path, 2, 14, 0, writes=True) as log:
        for number in range(28):
            clock[0] += 30
            log.step(number // 14, number % 14, 0.5, 0.1)
            if number % 14 == 13:
                log.epoch(row(number // 14 + 1), RESULT)
    first, second, last = [record.getMessage() for record in caplog.records]
    assert first == "2 epochs of 14 batches; about 9 min left, until 00:14"
    assert second == "epoch 1/2: loss 0.5000, 2 s, MAP 50.00 (random 20.00); about 7 min left, until 00:14"
    assert last == "epoch 2/2: loss 0.5000, 2 s, MAP 50.00 (random 20.00)"


def test_the_linear_classifiers_stand_beside_each_epoch_and_are_a_constant_curve(tmp_path: Path, caplog):
    caplog.set_level("INFO")
    with RunLog(tmp_path, 2, 1, 0, writes=True, linear=44.0) as log:
        log.step(0, 0, 1.0, 0.1)
        for epoch, result in enumerate((None, RESULT, RESULT), start=1):
            log.epoch(row(epoch), result)
    first, second, _ = [record.getMessage() for record in caplog.records]
    assert "linear classifiers" not in first
    assert second == "epoch 2/2: loss 0.5000, 2 s, MAP 50.00 (linear classifiers 44.00, random 20.00)"
    assert curve(tmp_path, "valid/MAP of linear classifiers") == [(2, 44.0), (3, 44.0)]


def test_a_process_that_does_not_lead_writes_nothing(tmp_path: Path):
    with RunLog(tmp_path / "log", 1, 1, 0, writes=False) as log:
        log.step(0, 0, 1.0, 0.1)
        log.epoch(row(1), None)
    assert not (tmp_path / "log").exists()


def test_durations_are_as_exact_as_estimates_are():
    assert [duration(seconds) for seconds in (5, 99, 130, 5400, 12_000)] == [
        "5 s",
        "99 s",
        "2 min",
        "90 min",
        "3 h 20 min",
    ]
