"""What a run was started with: a run continues with the same, or says what differs."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fashionsdk._tools import strict_json
from fashionsdk.photos import UNRECORDED_PADDING
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.errors import CheckpointError

MOST_NAMED = 5
EPOCHS = "epochs"
STAGE = "optimisation.global_epochs"  # follows from the epochs
TEACHERS = "teachers"
_ABSENT = object()

logger = logging.getLogger(__name__)


def run_settings(config: TrainConfig, data_digest: str, processes: int, teachers: Sequence[str] = ()) -> dict[str, Any]:
    """Return what decides about a run's weights, as JSON values.

    Args:
        config: the settings.
        data_digest: of the photos' names and labels.
        processes: how many train together.
        teachers: their digests.
    """
    taught = {TEACHERS: list(teachers)} if teachers else {}
    return {**strict_json.encode(config), "labels": data_digest, "processes": processes, **taught}


def continued(
    config: TrainConfig, saved: Mapping[str, Any], now: Mapping[str, Any], done: int, out: Path
) -> TrainConfig:
    """Return the settings to continue a run with: ``config``, and the run's own stages if its length changes.

    Args:
        config: the settings to continue with.
        saved: what the run was started with.
        now: the same of ``config``.
        done: how many epochs the run has.
        out: its folder, for the message.

    Raises:
        CheckpointError: a setting differs but for the number of epochs, or that is less than are done.
    """
    if saved.get("fit") == "pad":
        saved = {"padding": list(UNRECORDED_PADDING), **saved}  # a run of before the colour was recorded
    if differing := differences(saved, now):
        raise CheckpointError(
            f"{out} holds another run: {_listed(differing)}; expected the same settings or another --out"
        )
    if config.epochs < done:
        raise CheckpointError(f"{out} has {done} epochs; got {config.epochs}; expected as many or more (--epochs)")
    logger.info("%s epoch %d", "continuing after" if done < config.epochs else "nothing is left to do after", done)
    if config.epochs == saved[EPOCHS]:
        return config
    logger.info("planned were %d epochs; from here on the learning rates are of %d", saved[EPOCHS], config.epochs)
    return replace(
        config, optimisation=replace(config.optimisation, global_epochs=saved["optimisation"]["global_epochs"])
    )


def differences(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words each setting that differs, but for the number of epochs, which may."""
    before, after = dict(_flat(saved)), dict(_flat(now))
    names = [name for name in before | after if before.get(name, _ABSENT) != after.get(name, _ABSENT)]
    if EPOCHS in names and STAGE in names:
        names.remove(STAGE)
    return [_difference(name, before, after) for name in names if name != EPOCHS]


def _difference(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if name == "labels":
        return "the labels, the boxes or the photos' names are others"
    if name == TEACHERS:
        return "the teachers are others"
    saved, now = (json.dumps(values[name]) if name in values else "missing" for values in (before, after))
    return f"{name} is {saved} there and {now} here"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings that hold no others, by dotted name."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _listed(texts: Sequence[str]) -> str:
    """Return the first few of several texts as one."""
    more = [f"{len(texts) - MOST_NAMED} more"] if len(texts) > MOST_NAMED else []
    return "; ".join([*texts[:MOST_NAMED], *more])
