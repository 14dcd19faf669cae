"""Train a network: epochs, validation, the best checkpoint, and a state to resume from."""

import hashlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim import Adam, AdamW, Optimizer
from torch.utils.tensorboard import SummaryWriter

from fashionsdk._tools import strict_json
from fashionsdk._tools.progress import progress_bar
from fashionsdk.evaluation import check_attributes
from fashionsdk.photos import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import ModelConfig, Optimisation, TrainConfig
from fashionsdk_training.data import (
    GroupSampler,
    ListedTripletSampler,
    Sampler,
    TrainingData,
    TripletData,
    TripletSampler,
)
from fashionsdk_training.errors import CheckpointError, TrainingError
from fashionsdk_training.loop.criterion import Criterion
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.loader import Loader
from fashionsdk_training.loop.mixed_precision import bfloat16_pays, keep_depthwise_float32
from fashionsdk_training.loop.moving_average import MovingAverage
from fashionsdk_training.loop.resume_state import Standing, load_state, save_state, under
from fashionsdk_training.loop.schedule import rate_at
from fashionsdk_training.loop.validation import Outcome, judge
from fashionsdk_training.models import ASENPlusPlus, build_model, with_posteriors
from fashionsdk_training.models.parts import load_pretrained

STATE_FILE, BEST_FOLDER, LOG_FOLDER = "last.safetensors", "best", "log"

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Trainer:
    """One training run into one folder: ``best/`` (a checkpoint), ``last.safetensors`` (to resume), ``log/``.

    Started again with the same settings and data it continues after the last whole epoch, and where the arithmetic is
    deterministic its weights are those of a run that was never stopped.

    Args:
        config: the settings.
        data: photos and labels.
        out: the run's folder.
        peers: this process among its peers.

    Raises:
        CheckpointError: the folder holds another run.
        WeightsError: the pretrained weights are missing or do not fit.
        ValueError: validation asks for an attribute that training does not have.
    """

    config: TrainConfig
    data: TrainingData
    out: Path
    peers: Processes

    def __post_init__(self) -> None:
        """Build the model and everything around it."""
        check_attributes(self.data.retrieval, [attribute.name for attribute in self.data.labels.attributes])
        torch.manual_seed(self.config.seed)
        config, attributes = self.config, self.data.labels.attributes
        model = build_model(config.model, len(attributes), config.optimisation.drop_path)
        if config.pretrained is not None:
            for backbone in model.backbones():
                load_pretrained(backbone, config.pretrained.replace("{backbone}", backbone.name))
        self.criterion = Criterion(model, config.objective, [len(attribute.values) for attribute in attributes])
        self.criterion.to(self.peers.device)
        if config.optimisation.channels_last:
            self.criterion.to(memory_format=torch.channels_last)
        self._autocast = config.optimisation.mixed_precision and bfloat16_pays(self.peers.device)
        if self._autocast and self.peers.device.type == "cpu":
            keep_depthwise_float32(model)
        if config.optimisation.mixed_precision and not self._autocast:
            logger.info("training in float32: this CPU has no instructions for bfloat16, which would take longer")
        self.average = MovingAverage(self.criterion, config.optimisation.ema_decay)
        self.optimizer = _optimizer(self.criterion, config.optimisation)
        self.loader = Loader(
            self.data,
            _sampler(config, self.data),
            Preprocessing(config.side),
            config.augmentation,
            config.seed,
            self.peers.rank,
            self.peers.world,
        )
        self.history: list[Mapping[str, float]] = []

    def fit(self) -> Checkpoint:
        """Train to the end and return the best checkpoint."""
        self.out.mkdir(parents=True, exist_ok=True)
        started = self._resume()
        with _writer(self.out / LOG_FOLDER, self.peers.leads) as writer:
            for epoch in range(started, self.config.epochs):
                row = self._epoch(epoch)
                if writer is not None:
                    self._finish_epoch(epoch, row, writer)
                self.peers.wait()
        return Checkpoint.load(self.out / BEST_FOLDER)

    def _resume(self) -> int:
        path = self.out / STATE_FILE
        if not path.is_file():
            return 0
        standing = load_state(path, self.criterion, self.average, self.optimizer)
        if standing.run != self._run_digest():
            raise CheckpointError(
                f"{self.out} holds a run with other settings or data; choose another --out, or remove it"
            )
        self.history = list(standing.history)
        logger.info("continuing after epoch %d", standing.epoch)
        return standing.epoch

    def _run_digest(self) -> str:
        settings = json.dumps([strict_json.encode(self.config), self.data.digest, self.peers.world], sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()

    def _epoch(self, epoch: int) -> dict[str, float]:
        """Pass every photo about once; return the epoch's row of the history."""
        torch.manual_seed(hash((self.config.seed, epoch, self.peers.rank)))  # ints hash alike in every process
        begin, losses, photos = time.monotonic(), [], 0
        module = self.peers.wrap(self._set_mode(epoch))
        steps = len(self.loader)
        name = f"epoch {epoch + 1}/{self.config.epochs}"
        bar = progress_bar(self.loader.epoch(epoch), name, steps, "batch", shown=self.peers.leads)
        for step, batch in enumerate(bar):
            self._set_rate(epoch + step / steps)
            due = (step + 1) % self.config.optimisation.accumulate == 0 or step + 1 == steps
            photos += len(batch.images)
            losses.append(self._step(module, batch.images, batch.labels, batch.triplets, due))
            if not np.isfinite(losses[-1]):
                raise TrainingError(
                    f"the loss is {losses[-1]} in epoch {epoch + 1}, batch {step + 1}; the epoch before is kept: "
                    "lower the learning rate, or turn mixed precision off"
                )
            bar.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}", refresh=False)
        loss, seconds = self.peers.mean(float(np.mean(losses))), time.monotonic() - begin
        return {"epoch": epoch + 1, "loss": loss, "photos": photos * self.peers.world, "seconds": seconds}

    def _set_mode(self, epoch: int) -> Criterion:
        """Say what learns in this epoch."""
        settings, model = self.config.optimisation, self.criterion.model
        local: list[nn.Module] = [model.local_branch] if isinstance(model, ASENPlusPlus) else []
        local += [] if self.criterion.local_proxy is None else [self.criterion.local_proxy]
        self.criterion.train()
        for part in local:
            part.requires_grad_()
        for backbone in model.backbones():
            backbone.train(epoch >= settings.frozen_epochs)
            backbone.requires_grad_(epoch >= settings.frozen_epochs)
        self.criterion.global_only = epoch < settings.global_epochs
        for part in local if self.criterion.global_only else ():
            part.eval().requires_grad_(False)
        return self.criterion

    def _set_rate(self, epoch: float) -> None:
        settings = self.config.optimisation
        for group in self.optimizer.param_groups:
            share = settings.global_rate if group["is_global"] and epoch >= settings.global_epochs else 1.0
            group["lr"] = group["peak"] * share * rate_at(epoch, self.config.epochs, settings)

    def _step(
        self,
        module: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        triplets: torch.Tensor | None,
        due: bool,
    ) -> float:
        settings, device = self.config.optimisation, self.peers.device
        moved = None if triplets is None else triplets.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self._autocast):
            loss = module(images.to(device), labels.to(device), moved)
        (loss / settings.accumulate).backward()
        if due:
            if settings.clip_norm:
                nn.utils.clip_grad_norm_(self.criterion.parameters(), settings.clip_norm)
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.average.update(self.criterion)
        return float(loss.detach())

    def _finish_epoch(self, epoch: int, row: dict[str, float], writer: SummaryWriter) -> None:
        """Validate, log, and save: the best checkpoint first, then the state that says so."""
        last = epoch + 1 == self.config.epochs
        due = last or (epoch + 1) % self.config.evaluate_every == 0
        outcome = self._judge() if due and epoch >= self.config.optimisation.global_epochs else None
        best = -1.0
        if outcome is not None:
            best = max((past.get(outcome.measure, best) for past in self.history), default=best)
            row[outcome.measure] = outcome.value
        self.history.append(row)
        if outcome is not None and outcome.value > best:
            self._checkpoint(outcome).save(self.out / BEST_FOLDER)
        self._log(epoch, row, outcome, writer)
        standing = Standing(self._run_digest(), epoch + 1, tuple(self.history), self.average.steps)
        save_state(self.out / STATE_FILE, standing, self.criterion, self.average, self.optimizer)

    def _judge(self) -> Outcome:
        config, weights = self._trained()
        model = build_model(config, len(self.data.labels.attributes))
        model.load_state_dict(weights)
        return judge(model.to(self.peers.device).eval(), self.data)

    def _trained(self) -> tuple[ModelConfig, dict[str, torch.Tensor]]:
        """Return the network's settings and its averaged weights."""
        weights = under("model.", self.average.state)
        if not self.config.posteriors:
            return self.config.model, weights
        proxies = under("proxy.proxies.", self.average.state)
        return with_posteriors(self.config.model, weights, [proxies[str(a)] for a in range(len(proxies))])

    def _checkpoint(self, outcome: Outcome) -> Checkpoint:
        model, weights = self._trained()
        return Checkpoint(
            model=model,
            preprocessing=Preprocessing(self.config.side),
            attributes=self.data.labels.attributes,
            weights=weights,
            metrics=outcome.metrics(),
            history=tuple(self.history),
            data_digest=self.data.digest,
            recipe=strict_json.encode(self.config),
        )

    def _log(self, epoch: int, row: Mapping[str, float], outcome: Outcome | None, writer: SummaryWriter) -> None:
        writer.add_scalar("train/loss", row["loss"], epoch + 1)
        writer.add_scalar("train/photos_per_second", row["photos"] / row["seconds"], epoch + 1)
        text = f"epoch {epoch + 1}/{self.config.epochs}: loss {row['loss']:.4f}, {row['seconds']:.0f} s"
        if outcome is not None:
            writer.add_scalar(f"valid/{outcome.title}", outcome.value, epoch + 1)
            for name, value in outcome.attributes.items():
                writer.add_scalar(f"valid/{outcome.title} {name}", value, epoch + 1)
            text += f", {outcome.title} {outcome.value:.2f} (random {outcome.chance:.2f})"
        logger.info("%s", text)


def _writer(folder: Path, wanted: bool) -> AbstractContextManager[SummaryWriter | None]:
    return closing(SummaryWriter(str(folder))) if wanted else nullcontext()


def _sampler(config: TrainConfig, data: TrainingData) -> Sampler:
    size = config.sampling.batch_size
    if isinstance(data, TripletData):
        if config.sampling.kind != "triplets":
            raise ValueError(
                f"sampling is {config.sampling.kind!r}, and the data are lists of triplets; expected a recipe that "
                "samples triplets, such as csn_paper"
            )
        return ListedTripletSampler(data.triplets, size, config.seed)
    if config.sampling.kind == "triplets":
        return TripletSampler(data.values, size, config.seed, config.sampling.triplets_an_epoch)
    return GroupSampler(data.values, size, config.sampling.group_size, config.seed)


def _optimizer(criterion: Criterion, settings: Optimisation) -> Optimizer:
    """Return an optimiser with a group for each pair of backbone or not, ASEN++'s global branch or not."""
    backbones = _identities(*criterion.model.backbones())
    branch = set()
    if isinstance(
        criterion.model, ASENPlusPlus
    ):  # the table that both branches share is the global one's in the original
        branch = _identities(criterion.model.global_branch, criterion.model.attribute_embedding)
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = defaultdict(list)
    for parameter in criterion.parameters():
        groups[id(parameter) in backbones, id(parameter) in branch].append(parameter)
    described = [
        {
            "params": parameters,
            "peak": settings.learning_rate * (settings.backbone_rate if is_backbone else 1.0),
            "is_global": is_global,
        }
        for (is_backbone, is_global), parameters in groups.items()
    ]
    if settings.optimizer == "adam":
        return Adam(described, lr=settings.learning_rate)
    return AdamW(described, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def _identities(*modules: nn.Module) -> set[int]:
    return {id(parameter) for module in modules for parameter in module.parameters()}
