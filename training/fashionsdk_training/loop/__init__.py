"""The training loop: losses, schedule, epochs, validation, and a state to resume from."""

from fashionsdk_training.loop.distributed import processes
from fashionsdk_training.loop.step import keep_depthwise_float32
from fashionsdk_training.loop.teachers import Teachers
from fashionsdk_training.loop.trainer import BEST_FOLDER, Trainer
from fashionsdk_training.loop.validation import PHOTOS_AT_ONCE, evaluate_checkpoint, evaluate_model

__all__ = [
    "BEST_FOLDER",
    "PHOTOS_AT_ONCE",
    "Teachers",
    "Trainer",
    "evaluate_checkpoint",
    "evaluate_model",
    "keep_depthwise_float32",
    "processes",
]
