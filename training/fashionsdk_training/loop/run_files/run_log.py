"""What a training run says while it runs: lines of the log with the expected end, and curves for TensorBoard."""

import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from fashionsdk_training.loop.validation import ValidationResult

STEPS_A_POINT = 10  # batches between two points of a curve
FIRST_ESTIMATE = 10  # seconds after which the end is estimated for the first time, and batches that this needs
FLUSH_EVERY = 10  # seconds after which TensorBoard sees what was written

logger = logging.getLogger(__name__)


class RunLog(AbstractContextManager["RunLog"]):
    """Logs one run; as a context manager it closes TensorBoard's file at the end.

    Curves: ``batch/loss`` and ``batch/learning_rate`` every ten batches; ``train/...`` and ``valid/...`` every epoch.

    Args:
        folder: where TensorBoard's files go.
        epochs: of the whole run.
        steps: batches of an epoch.
        done: epochs that were done before, in an earlier process. What that one logged after them is not shown.
        writes: False for a process that leaves the log to another one.
        linear: MAP of linear classifiers on frozen features in percent, to show beside each epoch's; None for none.
    """

    def __init__(
        self, folder: Path, epochs: int, steps: int, done: int, *, writes: bool, linear: float | None = None
    ) -> None:
        self._writer = (
            SummaryWriter(str(folder), purge_step=done * steps + 1, flush_secs=FLUSH_EVERY) if writes else None
        )
        self._epochs, self._steps, self._linear = epochs, steps, linear
        self._first_step, self._begin = done * steps, time.monotonic()
        self._estimated = False
        self._losses: list[float] = []

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def step(self, epoch: int, step: int, loss: float, rate: float) -> None:
        """Record batch ``step`` of ``epoch``, both from 0: its loss, and the highest learning rate of any parameter."""
        if self._writer is None:
            return
        self._losses.append(loss)
        number = epoch * self._steps + step + 1
        if number % STEPS_A_POINT == 0 or step + 1 == self._steps:
            self._writer.add_scalar("batch/loss", float(np.mean(self._losses)), number)
            self._writer.add_scalar("batch/learning_rate", rate, number)
            self._losses.clear()
        seconds, ready = time.monotonic() - self._begin, number - self._first_step >= FIRST_ESTIMATE
        if not self._estimated and ready and seconds >= FIRST_ESTIMATE:
            self._estimated = True
            logger.info("%d epochs of %d batches; %s", self._epochs, self._steps, self._remaining(number))

    def epoch(self, row: Mapping[str, float], result: ValidationResult | None) -> None:
        """Record an epoch's row of the history and, where there was one, its validation."""
        if self._writer is None:
            return
        epoch = int(row["epoch"])
        self._writer.add_scalar("train/loss", row["loss"], epoch)
        self._writer.add_scalar("train/photos_per_second", row["photos"] / row["seconds"], epoch)
        text = f"epoch {epoch}/{self._epochs}: loss {row['loss']:.4f}, {row['seconds']:.0f} s"
        if result is not None:
            self._writer.add_scalar(f"valid/{result.title}", result.value, epoch)
            for name, value in result.attributes.items():
                self._writer.add_scalar(f"valid/{result.title} {name}", value, epoch)
            beside = f"random {result.chance:.2f}"
            if self._linear is not None:
                self._writer.add_scalar(f"valid/{result.title} of linear classifiers", self._linear, epoch)
                beside = f"linear classifiers {self._linear:.2f}, {beside}"
            text += f", {result.title} {result.value:.2f} ({beside})"
        if epoch < self._epochs:
            text += f"; {self._remaining(epoch * self._steps)}"
        logger.info("%s", text)

    def _remaining(self, step: int) -> str:
        """Return in words how long the batches after ``step`` take, at the speed of this process so far."""
        seconds = (time.monotonic() - self._begin) / (step - self._first_step) * (self._epochs * self._steps - step)
        end = time.strftime("%H:%M", time.localtime(time.time() + seconds + 30))  # to the nearest minute
        return f"about {duration(seconds)} left, until {end}"


def duration(seconds: float) -> str:
    """Return a time in words, as exact as an estimate is: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
