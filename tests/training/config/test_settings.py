"""Settings are checked when they are created."""

from typing import Any, cast

import pytest

from fashionsdk_training.config import LocalBranch, ModelConfig, Objective, Optimisation, Sampling, TrainConfig

ASEN_PP = ModelConfig("asen_pp", local=LocalBranch())
CAM, NO_METRIC = ModelConfig("cam"), Objective(triplet_weight=0, proxy_weight=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Optimisation(optimizer="sgd"), "optimizer is 'sgd'; expected adam or adamw"),  # type: ignore[arg-type]
        (lambda: Optimisation(schedule="linear"), "schedule is 'linear'"),  # type: ignore[arg-type]
        (lambda: TrainConfig(side=(224, 168)), "stored_side 184; expected"),
        (lambda: TrainConfig(side=(224, 16), stored_side=224), "expected >= 1, >= 1, >= 32"),
        (lambda: TrainConfig(fit="stretch"), "fit is 'stretch'"),  # type: ignore[arg-type]
        (
            lambda: TrainConfig(ASEN_PP, side=(448, 336), stored_side=448),
            "side is .448, 336. for asen_pp, which cuts squares",
        ),
        (lambda: Optimisation(warmup_epochs=-1), "warmup_epochs is -1"),
        (lambda: Optimisation(learning_rate=0), "learning_rate 0"),
        (lambda: Optimisation(step_epochs=0), "step_epochs 0"),
        (lambda: Sampling("group"), "kind is 'group'; expected triplets or groups or photos"),  # type: ignore[arg-type]
        (lambda: Sampling(batch_size=10, group_size=4), "whole groups"),
        (lambda: TrainConfig(objective=NO_METRIC), "proxy_weight for asen_v2; expected both 0 for cam"),
        (
            lambda: TrainConfig(CAM),
            "proxy_weight for cam; expected both 0 for cam, which learns by cross entropy alone",
        ),
        (lambda: TrainConfig(optimisation=Optimisation(frozen_parts=1)), "frozen_parts for asen_v2; only cam's"),
        (lambda: Optimisation(frozen_parts=-1), "frozen_parts is -1"),
        (lambda: Sampling(least_batches=-1), "least_batches is -1"),
        (lambda: ModelConfig("cam", attention_focus=0), "attention_focus is 0; expected above 0, or 0 with position"),
        (
            lambda: ModelConfig("cam", attention_focus=-1, position_queries=True),
            "attention_focus is -1; expected above 0",
        ),
        (lambda: ModelConfig("cam", feature_dropout=1), "feature_dropout is 1; expected 0 or more, and below 1"),
        (lambda: ModelConfig("cam", colour_dropout=1), "colour_dropout is 1; expected 0 or more, and below 1"),
        (lambda: ModelConfig("cam", last_map_dropout=-0.1), "last_map_dropout is -0.1; expected 0 or more"),
        (lambda: Objective(label_smoothing=1), "out of range"),
        (lambda: ModelConfig("resnet"), "architecture is 'resnet'"),  # type: ignore[arg-type]
        (lambda: Objective(triplet_weight=-1), "must not be negative"),
        (
            lambda: Objective(local_weight=-0.1),
            "local_weight, alignment_weight, classification_weight and att",
        ),
        (lambda: Optimisation(global_rate=-1), "global_rate is -1"),
        (lambda: ModelConfig(std=(0, 1, 1)), "std above 0"),
        (lambda: ModelConfig(embedding_dimension=0), "embedding_dimension is 0; expected 1 or more"),
        (lambda: ModelConfig("csn", masks=cast(Any, "soft")), "masks is 'soft'; expected learned or prior or fixed"),
        (lambda: ModelConfig(added=-1), "added -1"),
        (lambda: ModelConfig("asen_v2", position_queries=True), "position_queries for asen_v2; only cam has them"),
        (lambda: ModelConfig("asen_pp"), "local is None for asen_pp"),
        (lambda: ModelConfig("asen", local=LocalBranch()), "for asen; expected it for asen_pp, and only there"),
        (lambda: ModelConfig("asen_v2", spatial_attention=False), "asen_v2 cannot leave out an attention"),
        (lambda: LocalBranch(side=0), "side is 0"),
        (lambda: LocalBranch(threshold=1), "threshold 1"),
        (lambda: LocalBranch(beta=1.1), "beta 1.1"),
        (lambda: TrainConfig(seed=-1), "seed is -1"),
        (lambda: TrainConfig(stored_side=100), "stored_side >= side"),
        (lambda: TrainConfig(optimisation=Optimisation(global_epochs=1)), "only asen_pp has branches"),
        (lambda: TrainConfig(ASEN_PP, optimisation=Optimisation(global_epochs=8)), "global_epochs is 8 of 8 epochs"),
        (lambda: TrainConfig(objective=Objective(automatic_weights=True)), "only ag_man weighs"),
        (lambda: ModelConfig("asen", masks="fixed"), "asen has no fixed masks"),
        (lambda: ModelConfig("ag_man", stage=0), "stage is 0; ag_man"),
        (lambda: Sampling(triplets_an_epoch=-1), "triplets_an_epoch is -1"),
        (lambda: TrainConfig(ASEN_PP, side=200, stored_side=200), "global_side is 224 of a picture of 200"),
    ],
)
def test_an_invalid_setting_is_an_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()
