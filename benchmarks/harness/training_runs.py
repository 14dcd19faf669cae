"""Training runs of benchmarks: resumable, one folder each, with the results in a JSON file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fashionsdk._tools import strict_json
from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk_training import garments
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.data import load_training_data
from fashionsdk_training.loop import BEST_FOLDER, Trainer, processes

RESULT_FILE = "result.json"
TRAIN, VALID = 2000, 500  # generated garments


@dataclass(frozen=True)
class Run:
    """One training run: its settings, labels, folder, the folder of decoded photos, and whether it has a baseline."""

    config: TrainConfig
    table: Path
    out: Path
    cache: Path
    baseline: bool = False

    @property
    def checkpoint(self) -> Path:
        """The folder of the trained model."""
        return self.out / BEST_FOLDER

    def result(self) -> Mapping[str, Any]:
        """Return the result of the run; trains it first if that was not done."""
        file = self.out / RESULT_FILE
        settings = {"config": strict_json.encode(self.config), "table": str(self.table.resolve())}
        if not file.is_file():
            done = {**self._train(), "asked": settings}
            with replacing(file) as stream:
                stream.write(json.dumps(done).encode())
        answer: dict[str, Any] = json.loads(file.read_text())
        if answer.pop("asked", None) != settings:
            raise ValueError(f"{self.out} holds a run with other settings or data; choose another --out, or remove it")
        return answer

    def _train(self) -> dict[str, Any]:
        config, where = self.config, (self.table, self.config.side, self.config.stored_side, self.cache)
        data = load_training_data(*where, fit=config.fit, padding=config.padding)
        with processes() as peers:
            checkpoint = Trainer(self.config, data, self.out, peers, baseline=self.baseline).fit()
        # The buffers of normalisation are not parameters.
        parameters = sum(parameter.numel() for parameter in checkpoint.build().parameters())
        history = [dict(row) for row in checkpoint.history]
        return {
            "metrics": dict(checkpoint.metrics),
            "history": history,
            "photo_passes": sum(row["photos"] for row in history),
            "seconds": sum(row["seconds"] for row in history),
            "parameters": parameters,
        }


def draw_garments(folder: Path) -> Path:
    """Return the table of the generated garments that benchmarks train on, drawn if it is not there."""
    table = folder / "labels.csv"
    if not table.is_file():
        garments.write_table(folder, train=TRAIN, valid=VALID)
    return table


def use_threads(count: int) -> None:
    """Let torch use ``count`` threads in this process."""
    torch.set_num_threads(count)
