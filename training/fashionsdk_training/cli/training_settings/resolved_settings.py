"""The settings of a run that the options of ``train.py`` come to."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fashionsdk_training.cli.input_options import sides
from fashionsdk_training.cli.training_settings.automatic_recipe import choose_recipe
from fashionsdk_training.cli.training_settings.setting_options import DEFAULT_RECIPE
from fashionsdk_training.config import (
    RunRecord,
    TrainConfig,
    all_settings,
    find_setting,
    parse_setting,
    setting_text,
    setting_value,
    settings_of_backbone,
    with_settings,
)
from fashionsdk_training.recipes import RECIPES

BACKBONE = "model.backbone"
# Options and the settings that they are short for.
_SHORT = {"side": "side", "fit": "fit", "epochs": "epochs", "batch_size": "sampling.batch_size", "seed": "seed"}
_SHORT |= {"pretrained": "pretrained", "backbone": BACKBONE}


@dataclass(frozen=True)
class Resolved:
    """The settings of a run.

    Attributes:
        recipe: the name of the recipe that they come from, None if a file names none.
        config: the settings.
        notes: sentences about what was decided beside what was typed.
    """

    recipe: str | None
    config: TrainConfig
    notes: tuple[str, ...] = ()


def resolve(args: argparse.Namespace, record: RunRecord | None, recipe: str | None = None) -> Resolved:
    """Return the settings that the options mean.

    Args:
        args: of the command line.
        record: what the file of ``--config`` holds, None without one.
        recipe: as if ``--recipe`` named it.

    Raises:
        ValueError: a setting is unknown, of another type, given twice or out of range.
    """
    base = _base(args, record, recipe)
    typed = _typed(args)
    given, config = _short_and_set(args, typed), base.config
    changes: dict[str, Any] = {}
    if (backbone := given.get(BACKBONE)) is not None:
        chosen = args.config is not None or "side" in given
        brought, note = settings_of_backbone(config, backbone, keep_side=chosen)
        changes |= brought
        base = Resolved(base.recipe, config, (*base.notes, note))
    changes |= given
    if "side" in changes and "side" not in typed:
        changes = {**sides(config, changes["side"]), **changes}
    if args.epochs is not None:  # ASEN++'s stages keep their shares
        stage = config.optimisation.global_epochs * args.epochs // config.epochs
        changes = {"optimisation.global_epochs": stage, **changes}
    changed = with_settings(config, changes)
    return Resolved(base.recipe, changed, (*base.notes, *_differences(config, changed)))


def _differences(before: TrainConfig, after: TrainConfig) -> Iterator[str]:
    """Yield a sentence that names the settings that differ, if there are any."""
    values = {path: setting_value(after, path) for path in all_settings() if path != "model.local"}
    if differing := [
        f"{path}={setting_text(value)}" for path, value in values.items() if value != setting_value(before, path)
    ]:
        yield f"settings that were changed: {', '.join(differing)}"


def resolve_automatically(args: argparse.Namespace, device: str, photos: int) -> Resolved:
    """Return the settings of the recipe that suits a device and a number of training photos.

    Raises:
        ValueError: as `resolve`.
    """
    recipe, why = choose_recipe(device, photos)
    resolved = resolve(args, None, recipe)
    return replace(resolved, notes=(f"--recipe auto takes {recipe}: {why}", *resolved.notes))


def _base(args: argparse.Namespace, record: RunRecord | None, recipe: str | None) -> Resolved:
    if record is None:
        name = recipe or args.recipe or DEFAULT_RECIPE
        return Resolved(name, RECIPES[name]())
    if args.recipe is not None:
        raise ValueError("--config and --recipe both name settings to start from; expected one of them")
    name = None if record.command is None else record.command.recipe
    return Resolved(name, record.settings, (f"settings of {args.config}",))


def _typed(args: argparse.Namespace) -> dict[str, Any]:
    """Return the values of ``--set`` by their paths."""
    values: dict[str, Any] = {}
    for given in args.set:
        path, equals, text = given.partition("=")
        setting = find_setting(path.strip())
        if not equals:
            raise ValueError(f"--set {given!r:.80} has no value; expected {setting.path}=VALUE")
        if setting.path in values:
            raise ValueError(f"--set {setting.path} is given twice; expected it once")
        values[setting.path] = parse_setting(setting, text)
    return values


def _short_and_set(args: argparse.Namespace, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that options name, by their paths."""
    short: dict[str, Any] = {
        path: getattr(args, option) for option, path in _SHORT.items() if getattr(args, option) is not None
    }
    if twice := [path for path in short if path in typed]:
        option = next(option for option, path in _SHORT.items() if path == twice[0]).replace("_", "-")
        raise ValueError(f"--{option} and --set {twice[0]} name the same setting; expected one of them")
    return {**short, **typed}
