"""Damaged inputs: a short run of each kind, and that the run sees every way to go wrong."""

import sys

import numpy as np
import pytest

from fashionsdk_training.config import TrainConfig
from fashionsdk_training.recipes import RECIPES
from tests.benchmarks import odd_trials
from tests.benchmarks.conftest import TINY, Load


@pytest.mark.long
@pytest.mark.usefixtures("one_export_table")
def test_damaged_inputs_of_every_kind_give_answers_or_errors_of_ours(
    load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    counts = ("--photos", "115", "--manifests", "30", "--graphs", "16", "--galleries", "30", "--tables", "30")
    monkeypatch.setattr(sys, "argv", ["fuzz", *counts, "--seed", "7", "--processes", "1"])
    monkeypatch.setitem(RECIPES, "asen_v2_demo", lambda: TrainConfig(model=TINY, posteriors=True))
    with pytest.raises(SystemExit) as done:
        load("robustness.fuzz").main()
    said = capsys.readouterr().out
    assert done.value.code == 0, said
    assert "fault:" not in said
    for row in ("| JPEG |", "| AVIF |", "| JSON |", "| bytes, onnxruntime |", "| sections, signed |", "| cells |"):
        assert row in said


def test_a_trial_that_dies_or_hangs_is_a_fault_and_the_others_go_on(load: Load):
    watched = load("harness.watched_trials").watched
    results = {result.index: result for result in watched(odd_trials.make, 6, processes=2, deadline=2)}
    assert sorted(results) == list(range(6))
    assert {index for index, result in results.items() if result.outcome == "fault"} == {1, 2}
    assert "ended with 9" in results[1].words
    assert "no answer after 2 seconds" in results[2].words
    assert 150 < results[3].megabytes < 260
    assert results[0].megabytes < 50


@pytest.mark.parametrize("kind", ["photos", "galleries", "tables"])
def test_an_input_is_the_same_on_every_run_and_an_undamaged_one_is_an_answer(kind, load: Load, tmp_path, monkeypatch):
    inputs = load("damaged.kinds").KINDS[kind](tmp_path, 3)
    assert [inputs.damaged(index) for index in range(20)] == [inputs.damaged(index) for index in range(20)]
    assert inputs.damaged(0) != inputs.damaged(1)
    undamaged = load("damaged.bytes_damage")
    monkeypatch.setattr(undamaged, "damage", lambda data, rng, others: data)
    content = next(
        data for index in range(10) if (named := inputs.damaged(index))[0] in ("JPEG", "bytes") if (data := named[1])
    )
    inputs.read(content)


def test_any_change_to_bytes_gives_bytes_of_bounded_length(load: Load):
    module = load("damaged.bytes_damage")
    for index in range(300):
        rng = np.random.default_rng(index)
        damaged = module.damage(rng.bytes(int(rng.integers(0, 400))), rng, b"others")
        assert len(damaged) <= 400 + module.CHANGES * (module.LONGEST + 2**15)
