"""Tables of recipes and of settings."""

from collections.abc import Callable, Sequence

from fashionsdk_training.config import TrainConfig, all_settings, kind_words, setting_text, setting_value
from fashionsdk_training.recipes import RECIPES

Recipe = Callable[[], TrainConfig]


def list_recipes() -> str:
    """Return a line per recipe: name, system, backbone, input, epochs, and what it is for."""
    head = ("recipe", "system", "backbone", "side", "epochs", "for")
    return aligned([head, *(_recipe_row(name, recipe) for name, recipe in RECIPES.items())])


def _recipe_row(name: str, recipe: Recipe) -> tuple[str, ...]:
    config = recipe()
    model = config.model
    return (name, model.architecture, model.backbone, size(config), str(config.epochs), summary(recipe))


def summary(recipe: Recipe) -> str:
    """Return the first sentence of a recipe's docstring."""
    return (recipe.__doc__ or "").partition("\n")[0].replace("``", "")


def size(config: TrainConfig) -> str:
    """Return the input's side, or height and width, as ``--side`` takes it."""
    return str(config.side) if isinstance(config.side, int) else "{}x{}".format(*config.side)


def list_settings(config: TrainConfig) -> str:
    """Return every setting with its value as ``--set`` takes both, its type and its meaning on the line below."""
    return "\n".join(
        f"{setting.path}={setting_text(setting_value(config, setting.path))}\n"
        f"    {kind_words(setting.kind)}: {setting.meaning}"
        for setting in all_settings().values()
    )


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines with aligned columns, all but the last."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
