"""What may differ when a run continues, and how what may not is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from fashionsdk_training.config import TrainConfig
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.loop.run_files.same_run import continued, differences, run_settings
from fashionsdk_training.recipes import asen_pp_paper

CONFIG = TrainConfig(epochs=10)


def of(config: TrainConfig, labels: str = "digest", processes: int = 1) -> dict[str, object]:
    return run_settings(config, labels, processes)


def staged(global_epochs: int) -> TrainConfig:
    config = asen_pp_paper()
    return replace(config, optimisation=replace(config.optimisation, global_epochs=global_epochs))


def test_each_setting_that_differs_is_named_with_both_values():
    other = replace(CONFIG, seed=3, pretrained=None, optimisation=replace(CONFIG.optimisation, learning_rate=0.5))
    named = differences(of(CONFIG), of(other, processes=2))
    assert sorted(named) == [
        f"optimisation.learning_rate is {CONFIG.optimisation.learning_rate} there and 0.5 here",
        'pretrained is "package" there and null here',
        "processes is 1 there and 2 here",
        "seed is 0 there and 3 here",
    ]


def test_a_setting_that_one_version_does_not_have_is_named():
    saved = of(CONFIG) | {"old": True}
    del saved["seed"]
    named = set(differences(saved, of(CONFIG)))
    assert named == {"seed is missing there and 0 here", "old is true there and missing here"}


def test_the_first_few_differences_are_in_the_message():
    saved = of(CONFIG) | {f"old_{n}": n for n in range(8)}
    with pytest.raises(CheckpointError, match="old_4 is 4 there and missing here; 3 more; expected the same settings"):
        continued(CONFIG, saved, of(CONFIG), 1, Path("run"))


def test_the_number_of_epochs_may_differ_and_a_run_keeps_its_stages():
    begun, longer = staged(5), replace(staged(10), epochs=140)
    assert continued(longer, of(begun), of(longer), 70, Path("run")) == replace(begun, epochs=140)


def test_stages_may_not_differ_in_a_run_of_the_same_length():
    assert differences(of(staged(5)), of(staged(4))) == ["optimisation.global_epochs is 5 there and 4 here"]


def test_fewer_epochs_than_are_done_is_an_error():
    with pytest.raises(CheckpointError, match=r"run has 8 epochs; got 7; expected as many or more \(--epochs\)"):
        continued(replace(CONFIG, epochs=7), of(CONFIG), of(replace(CONFIG, epochs=7)), 8, Path("run"))


def test_a_run_that_padded_before_the_colour_was_recorded_continues_with_white():
    white = replace(CONFIG, fit="pad", padding=(255, 255, 255))
    saved = of(white)
    del saved["padding"]
    assert continued(white, saved, of(white), 1, Path("run")) == white
    black = replace(white, padding=(0, 0, 0))
    with pytest.raises(CheckpointError, match=r"padding is \[255, 255, 255\] there and \[0, 0, 0\] here"):
        continued(black, saved, of(black), 1, Path("run"))
