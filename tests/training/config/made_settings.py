"""Settings that hypothesis makes: a recipe with some changed."""

from typing import Any, Literal, get_args, get_origin

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fashionsdk_training.config import TrainConfig, all_settings, with_settings
from fashionsdk_training.recipes import RECIPES

LEFT_OUT = ("model.values", "model.added", "model.plain", "model.local")  # those of a trained network, and a part
BY_TYPE = {int: st.integers(1, 400), float: st.floats(0.001, 0.999), bool: st.booleans()}
COLOUR = st.tuples(*[st.floats(0.001, 1.0)] * 3)
SPECIAL: dict[str, SearchStrategy[Any]] = {
    "model.backbone": st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", fullmatch=True),
    "model.mean": COLOUR,
    "model.std": COLOUR,
    "pretrained": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    "side": st.integers(32, 400) | st.tuples(st.integers(32, 400), st.integers(32, 400)),
    "stored_side": st.integers(400, 500) | st.tuples(st.integers(400, 500), st.integers(400, 500)),
    "padding": st.none() | st.tuples(*[st.integers(0, 255)] * 3),
    "seed": st.integers(0, 2**62),
    "optimisation.learning_rate": st.floats(5e-324, 1e308),
    "optimisation.weight_decay": st.just(0) | st.floats(0, 10),
}
SPECIAL["model.local.backbone"] = SPECIAL["model.backbone"]


def values(path: str) -> SearchStrategy[Any]:
    """Return values of a setting's type; they need not fit the others."""
    kind = all_settings()[path].kind
    if path in SPECIAL:
        return SPECIAL[path]
    return st.sampled_from(get_args(kind)) if get_origin(kind) is Literal else BY_TYPE[kind]


@st.composite
def configs(draw: st.DrawFn) -> TrainConfig:
    """Draw settings; a change that does not fit the others is left out."""
    config = RECIPES[draw(st.sampled_from(sorted(RECIPES)))]()
    paths = [path for path in all_settings() if path not in LEFT_OUT]
    for path in draw(st.lists(st.sampled_from(paths), max_size=8, unique=True)):
        if path.startswith("model.local.") and config.model.local is None:
            continue
        try:
            config = with_settings(config, {path: draw(values(path))})
        except ValueError:
            continue
    return config
