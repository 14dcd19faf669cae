"""One step of training: the losses, the optimiser and its rates, precision, memory, the moving average."""

from fashionsdk_training.loop.step.accumulation import batches_of_step
from fashionsdk_training.loop.step.criterion import Criterion
from fashionsdk_training.loop.step.freed_memory import keep_freed_memory
from fashionsdk_training.loop.step.mixed_precision import keep_depthwise_float32, prepare_autocast
from fashionsdk_training.loop.step.optimizer import build_optimizer, freeze_for_epoch, highest_rate, set_rates
from fashionsdk_training.loop.step.weight_average import moving_average

__all__ = [
    "Criterion",
    "batches_of_step",
    "build_optimizer",
    "freeze_for_epoch",
    "highest_rate",
    "keep_depthwise_float32",
    "keep_freed_memory",
    "moving_average",
    "prepare_autocast",
    "set_rates",
]
