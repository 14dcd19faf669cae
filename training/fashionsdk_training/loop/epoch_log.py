"""What an epoch writes to TensorBoard and to the log."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from fashionsdk_training.loop.validation import ValidationResult

logger = logging.getLogger(__name__)


def open_writer(folder: Path, writes: bool) -> AbstractContextManager[SummaryWriter | None]:
    """Return a TensorBoard writer to ``folder``, or None for a process that writes nothing."""
    return closing(SummaryWriter(str(folder))) if writes else nullcontext()


def log_epoch(row: Mapping[str, float], epochs: int, result: ValidationResult | None, writer: SummaryWriter) -> None:
    """Log an epoch's row of the history and, where there was one, its validation."""
    epoch = int(row["epoch"])
    writer.add_scalar("train/loss", row["loss"], epoch)
    writer.add_scalar("train/photos_per_second", row["photos"] / row["seconds"], epoch)
    text = f"epoch {epoch}/{epochs}: loss {row['loss']:.4f}, {row['seconds']:.0f} s"
    if result is not None:
        writer.add_scalar(f"valid/{result.title}", result.value, epoch)
        for name, value in result.attributes.items():
            writer.add_scalar(f"valid/{result.title} {name}", value, epoch)
        text += f", {result.title} {result.value:.2f} (random {result.chance:.2f})"
    logger.info("%s", text)
