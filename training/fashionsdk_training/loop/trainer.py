"""Train a network: epochs, validation, the best checkpoint, and a state to resume from."""

import logging
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from fashionsdk._tools import strict_json
from fashionsdk._tools.files.atomic_file import check_replacing
from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk._tools.progress import progress_bar
from fashionsdk.evaluation import check_attributes
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import ModelConfig, RunCommand, TrainConfig
from fashionsdk_training.data import TrainingData
from fashionsdk_training.errors import TrainingError
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.linear_weights import LinearWeights
from fashionsdk_training.loop.loader import Batch, build_loader
from fashionsdk_training.loop.run_baseline import BASELINE_FOLDER, RunBaseline
from fashionsdk_training.loop.run_files import (
    ResumePoint,
    RunLog,
    continued,
    load_state,
    run_settings,
    save_state,
    write_run_toml,
)
from fashionsdk_training.loop.run_model import start_model, trained_network
from fashionsdk_training.loop.step import (
    Criterion,
    batches_of_step,
    build_optimizer,
    freeze_for_epoch,
    highest_rate,
    keep_freed_memory,
    moving_average,
    prepare_autocast,
    set_rates,
)
from fashionsdk_training.loop.teachers import Teachers
from fashionsdk_training.loop.validation import ValidationResult, validate
from fashionsdk_training.models import CAMNetwork, build_model

STATE_FILE, BEST_FOLDER, LOG_FOLDER = "last.safetensors", "best", "log"

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Trainer:
    """One training run into a folder: ``best/`` (a checkpoint), ``last.safetensors`` (to resume), ``run.toml``, a log.

    Started again with the same settings and data it continues after the last whole epoch. Where the arithmetic is
    deterministic its weights are those of a run that was never stopped. The number of epochs may differ: from the epoch
    on that was reached, the learning rates are those of a run of the new length.

    Args:
        config: the settings.
        data: photos and labels.
        out: the run's folder.
        peers: this process and how many others there are.
        progress: whether to show a progress bar for each epoch.
        baseline: whether to measure linear classifiers on frozen features too, as `RunBaseline` does, and to log what
            training gains on them. The weights are the same either way.
        command: what ``train.py`` was told, for ``run.toml``; None for a run from Python.
        teachers: networks whose answers it learns beside the labels, or None.

    Raises:
        CheckpointError: the folder holds another run.
        WeightsError: the pretrained weights are missing or do not fit.
        ValueError: validation asks for an attribute that training does not have, or the settings cannot use the data.
    """

    config: TrainConfig
    data: TrainingData
    out: Path
    peers: Processes
    progress: bool = False
    baseline: bool = False
    command: RunCommand | None = None
    teachers: Teachers | None = None

    def __post_init__(self) -> None:
        """Build the model and everything around it."""
        check_attributes(self.data.retrieval, [attribute.name for attribute in self.data.labels.attributes])
        config, settings = self.config, self.config.optimisation
        values = [len(attribute.values) for attribute in self.data.labels.attributes]
        torch.manual_seed(config.seed)
        self.criterion = Criterion(start_model(config, values), config.objective, values).to(self.peers.device)
        if settings.channels_last:
            self.criterion.to(memory_format=torch.channels_last)
        self._autocast = prepare_autocast(self.criterion.model, settings.mixed_precision, self.peers.device)
        self._classifies = isinstance(self.criterion.model, CAMNetwork)
        self.average = moving_average(self.criterion, settings.ema_decay)
        self.average_steps = 0
        self.optimizer = build_optimizer(self.criterion, settings)
        self.loader = build_loader(config, self.data, self.peers, self.teachers)
        self.history: list[Mapping[str, float]] = []
        self._beside: RunBaseline | None = None

    def fit(self) -> Checkpoint:
        """Train to the end and return the best checkpoint.

        Raises:
            CheckpointError: the folder holds another run, or its best checkpoint cannot be replaced.
            TrainingError: the folder cannot be written or is full, or the loss is not a number. What was saved is kept.
        """
        with system_errors_as(TrainingError, f"{self.out}: the run stops, and the epochs that were saved are kept"):
            self._fit()
        return Checkpoint.load(self.out / BEST_FOLDER)

    def _fit(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        check_replacing(self.out / STATE_FILE)
        Checkpoint.check_writable(self.out / BEST_FOLDER, overwrite=True)
        keep_freed_memory()
        done = self._resume()
        if self.peers.leads:  # the others get its weights when an epoch begins
            write_run_toml(self.out, self.config, self.data.digest, self.command, self.peers, done)
            self._start(done)
        folder, steps, linear = self.out / LOG_FOLDER, len(self.loader), self._beside.map if self._beside else None
        with RunLog(folder, self.config.epochs, steps, done, writes=self.peers.leads, linear=linear) as log:
            for epoch in range(done, self.config.epochs):
                row = self._epoch(epoch, log)
                if self.peers.leads:
                    self._finish_epoch(epoch, row, log)
                self.peers.wait()
        if self._beside:
            back = self._linear_weights() if self._classifies else None
            self._beside.settle(self.out / BEST_FOLDER, self.data, self.peers.device, self.config.seed, back)

    def _start(self, done: int) -> None:
        """Measure the baseline, and let a new run of CAM begin from linear classifiers."""
        if self._classifies and not done:
            self.criterion.model.load_state_dict(self._linear_weights().pretrained())
            self.average.set(self.criterion)
        if self.baseline:
            device = self.peers.device
            self._beside = RunBaseline.measure(self.config, self.data, self.out, device, progress=self.progress)

    def _linear_weights(self) -> LinearWeights:
        return LinearWeights(self.config, self.data, self.out / BASELINE_FOLDER, self.peers.device, self.progress)

    def _resume(self) -> int:
        """Continue from the state on disk, if there is one; return the number of epochs that are done."""
        if not (path := self.out / STATE_FILE).is_file():
            return 0
        state = load_state(path)
        point = state.point
        self.config = continued(self.config, point.settings, self._settings(), point.epoch, self.out)
        state.restore(self.criterion, self.average, self.optimizer)
        self.history, self.average_steps = list(point.history), point.average_steps
        return point.epoch

    def _settings(self) -> dict[str, Any]:
        teachers = self.teachers.digests if self.teachers else ()
        return run_settings(self.config, self.data.digest, self.peers.world, teachers)

    def _epoch(self, epoch: int, log: RunLog) -> dict[str, float]:
        """Train on every photo about once; return the epoch's row of the history."""
        torch.manual_seed(hash((self.config.seed, epoch, self.peers.rank)))  # ints hash alike in every process
        begin, losses, photos = time.monotonic(), [], 0
        freeze_for_epoch(self.criterion, epoch, self.config.optimisation)
        module, steps = self.peers.wrap(self.criterion), len(self.loader)
        name, shown = f"epoch {epoch + 1}/{self.config.epochs}", self.progress and self.peers.leads
        bar = progress_bar(self.loader.epoch(epoch), name, steps, "batch", shown=shown)
        for step, batch in enumerate(bar):
            set_rates(self.optimizer, epoch + step / steps, self.config)
            photos += len(batch.images)
            together, is_last = batches_of_step(step, steps, self.config.optimisation.accumulate)
            with nullcontext() if is_last else self.peers.alone(module):  # processes meet once a step
                loss = self._add_gradient(module, batch, together)
            if is_last:
                self._update()
            losses.append(float(loss))
            if not np.isfinite(losses[-1]):
                raise TrainingError(
                    f"the loss is {losses[-1]} in epoch {epoch + 1}, batch {step + 1}; the epoch before is kept: "
                    "lower the learning rate, or turn mixed precision off"
                )
            log.step(epoch, step, losses[-1], highest_rate(self.optimizer))
            bar.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}", refresh=False)
        mean, seconds = self.peers.mean(float(np.mean(losses))), time.monotonic() - begin
        return {"epoch": epoch + 1, "loss": mean, "photos": photos * self.peers.world, "seconds": seconds}

    def _add_gradient(self, module: nn.Module, batch: Batch, together: int) -> torch.Tensor:
        """Add a batch's share of the gradient of ``together`` batches; return its loss, without a gradient."""
        with torch.autocast(self.peers.device.type, torch.bfloat16, enabled=self._autocast):
            loss = module(*batch.on(self.peers.device))
        (loss / together).backward()
        detached: torch.Tensor = loss.detach()
        return detached

    def _update(self) -> None:
        """Take a step of the optimiser and of the moving average."""
        if self.config.optimisation.clip_norm:
            nn.utils.clip_grad_norm_(self.criterion.parameters(), self.config.optimisation.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average_steps += 1
        self.average.update(self.criterion, self.average_steps + 1)

    def _finish_epoch(self, epoch: int, row: dict[str, float], log: RunLog) -> None:
        """Validate, log, and save: the best checkpoint first, then the state that counts the epoch as done."""
        due = epoch + 1 == self.config.epochs or (epoch + 1) % self.config.evaluate_every == 0
        result = self._validate() if due and epoch >= self.config.optimisation.global_epochs else None
        best = -1.0
        if result is not None:
            best = max((past.get(result.measure, best) for past in self.history), default=best)
            row[result.measure] = result.value
        self.history.append(row)
        if result is not None and result.value > best:
            self._checkpoint(result).save(self.out / BEST_FOLDER)
            if self._beside:
                self._beside.best = result.evaluation
        log.epoch(row, result)
        point = ResumePoint(self._settings(), epoch + 1, tuple(self.history), self.average_steps)
        save_state(self.out / STATE_FILE, point, self.criterion, self.average, self.optimizer)

    def _validate(self) -> ValidationResult:
        config, weights = self._trained()
        model = build_model(config, len(self.data.labels.attributes), input=self.config.preprocessing.shape[:2])
        model.load_state_dict(weights)
        return validate(model.to(self.peers.device).eval(), self.data)

    def _trained(self) -> tuple[ModelConfig, dict[str, torch.Tensor]]:
        """Return the network's settings and its averaged weights."""
        return trained_network(self.config, self.criterion.values, self.average.module.state_dict())

    def _checkpoint(self, result: ValidationResult) -> Checkpoint:
        model, weights = self._trained()
        return Checkpoint(
            model=model,
            preprocessing=self.config.preprocessing,
            attributes=self.data.labels.attributes,
            weights=weights,
            metrics=result.metrics() | (self._beside.baseline.metrics() if self._beside else {}),
            history=tuple(self.history),
            data_digest=self.data.digest,
            recipe=strict_json.encode(self.config),
        )
