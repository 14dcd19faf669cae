"""The settings of the optimiser, checked when they are created."""

from dataclasses import dataclass, field
from typing import Literal

from fashionsdk._tools import strict_json
from fashionsdk_training.config.setting_checks import check_choice

OptimizerKind = Literal["adam", "adamw"]
ScheduleKind = Literal["cosine", "step"]


@dataclass(frozen=True)
class Optimisation:
    """Optimiser, learning rates, precision.

    Attributes:
        optimizer: ``adam`` or ``adamw``.
        learning_rate: the highest, of everything but the backbone.
        backbone_rate: the backbone's learning rate as a share of ``learning_rate``.
        colour_rate: the learning rate of CAM's colours as a share of ``learning_rate``.
        query_rate: that of its queries, which say where features count.
        weight_decay: of AdamW.
        schedule: ``cosine`` to zero after the warm-up, or ``step``: times ``step_decay`` every ``step_epochs``.
        step_decay: factor of the rates of the schedule ``step``.
        step_epochs: epochs between two steps of this schedule.
        second_step_epochs: instead of ``step_epochs`` in ASEN++'s second stage, counted from its start.
        warmup_epochs: linear rise of the rates, in epochs.
        frozen_epochs: first epochs, in which the backbone does not learn.
        frozen_statistics: whether the backbone's batch normalisation keeps its pretrained means and variances.
        frozen_parts: first parts of CAM's backbone that do not learn: the stem is the first, a stage each follows.
        global_epochs: first epochs, in which ASEN++'s global branch learns alone (its first stage).
        global_rate: share of the global branch's learning rates after them.
        accumulate: batches of each process per step of the optimiser, whose gradients are averaged.
        ema_decay: of the moving average of the weights, which is evaluated and saved. 0 for no average.
        mixed_precision: bfloat16 autocast where it is faster: not on a CPU without instructions for it.
        channels_last: memory layout of the convolutions.
        drop_path: probability of skipping a residual block.
        clip_norm: largest norm of the gradient; 0 for no limit.
    """

    optimizer: OptimizerKind = "adamw"
    learning_rate: float = 1e-3
    backbone_rate: float = 0.3
    weight_decay: float = 0.05
    schedule: ScheduleKind = "cosine"
    step_decay: float = 0.9
    step_epochs: int = 3
    second_step_epochs: int = 1
    warmup_epochs: float = 0.5
    frozen_epochs: int = 0
    global_epochs: int = 0
    global_rate: float = 1.0
    accumulate: int = 1
    ema_decay: float = 0.99
    mixed_precision: bool = True
    channels_last: bool = True
    drop_path: float = 0.0
    clip_norm: float = 0.0
    frozen_statistics: bool = field(default=False, metadata=strict_json.OPTIONAL)
    frozen_parts: int = field(default=0, metadata=strict_json.OPTIONAL)
    colour_rate: float = field(default=1.0, metadata=strict_json.OPTIONAL)
    query_rate: float = field(default=1.0, metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Check the choices and ranges."""
        check_choice("optimizer", self.optimizer, OptimizerKind)
        check_choice("schedule", self.schedule, ScheduleKind)
        for name in (
            "weight_decay",
            "warmup_epochs",
            "frozen_epochs",
            "global_epochs",
            "global_rate",
            "drop_path",
            "clip_norm",
            "frozen_parts",
            "colour_rate",
            "query_rate",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or more")
        if min(self.step_epochs, self.second_step_epochs) < 1 or not 0 < self.step_decay <= 1:
            raise ValueError(f"step_epochs {self.step_epochs}, step_decay {self.step_decay}; expected >= 1, 0 < d <= 1")
        if self.learning_rate <= 0 or self.backbone_rate < 0 or self.accumulate < 1 or not 0 <= self.ema_decay < 1:
            raise ValueError(
                f"learning_rate {self.learning_rate}, backbone_rate {self.backbone_rate}, "
                f"accumulate {self.accumulate}, ema_decay {self.ema_decay}; expected > 0, >= 0, >= 1 and 0 <= d < 1"
            )
