"""Every setting has a path, a meaning, a text that is read back, and an error that says what it may be."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given

from fashionsdk_training.config import (
    LocalBranch,
    ModelConfig,
    TrainConfig,
    all_settings,
    find_setting,
    parse_setting,
    setting_text,
    setting_value,
    with_settings,
)
from fashionsdk_training.recipes import RECIPES
from tests.training.config.made_settings import configs

ASEN_PP = RECIPES["asen_pp_paper"]()


def leaves(part: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of every field that is no dataclass, as nested loops over objects find them."""
    for each in fields(part):
        value = getattr(part, each.name)
        if is_dataclass(value):
            yield from leaves(value, f"{prefix}{each.name}.")
        else:
            yield prefix + each.name, value


def test_every_field_has_a_path_a_meaning_and_its_value():
    paths = dict(leaves(ASEN_PP))  # the recipe with a local branch
    assert paths.keys() | {"model.local"} == all_settings().keys()
    for path, value in paths.items():
        assert setting_value(ASEN_PP, path) == value
        assert len(all_settings()[path].meaning) > 8, path


@given(configs())
def test_the_text_of_a_setting_is_read_back(config):
    for path, setting in all_settings().items():
        value = setting_value(config, path)
        if isinstance(value, LocalBranch) or (value is None and path.startswith("model.local.")):
            continue
        if isinstance(value, str) and not value.strip():
            continue  # an empty name is refused
        assert parse_setting(setting, setting_text(value)) == value


@given(configs(), configs())
def test_all_settings_of_one_run_given_to_another_make_the_first(first, second):
    changes = {path: value for path, value in leaves(first) if path != "model.local"}
    if first.model.local is None:
        changes["model.local"] = None
    assert with_settings(second, changes) == first


def test_settings_that_only_fit_together_are_changed_together():
    changed = with_settings(
        TrainConfig(side=256, stored_side=256),
        {"model.architecture": "asen_pp", "model.local.side": 96, "optimisation.global_epochs": 3},
    )
    assert changed.model == ModelConfig("asen_pp", local=LocalBranch(side=96))
    assert changed.optimisation.global_epochs == 3
    again = {"model.architecture": "asen", "model.local": None, "optimisation.global_epochs": 0}
    assert with_settings(changed, again).model == ModelConfig("asen")
    with pytest.raises(ValueError, match=r"model\.local and model\.local\.side are both set"):
        with_settings(changed, {"model.local": None, "model.local.side": 64})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("optimisation.rate", r"no setting 'optimisation.rate'; expected one of .*optimisation\.learning_rate"),
        ("learning_rate", r"expected one of optimisation\.learning_rate"),
        ("sampling.batchsize", r"expected one of sampling\.batch_size, .*sampling\.kind"),
        ("model", r"model is a group of settings; expected one of model\.architecture, model\.backbone"),
        ("xyz", r"expected one of model\.architecture, .*, padding \(--settings lists all\)"),
        ("", r"there is no setting ''"),
    ],
)
def test_an_unknown_path_is_refused_with_its_neighbours(path, message):
    with pytest.raises(ValueError, match=message):
        find_setting(path)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("optimisation.learning_rate", "fast", "a number. It means: the highest, of everything but the backbone."),
        ("optimisation.learning_rate", "nan", "a number."),
        ("optimisation.learning_rate", "inf", "a number."),
        ("optimisation.learning_rate", "1e400", "a number."),
        ("optimisation.learning_rate", "none", "a number."),
        ("optimisation.learning_rate", "", "a number."),
        ("epochs", "3.0", "a whole number. It means: number of passes over the photos."),
        ("epochs", "1_0", "a whole number."),
        ("epochs", "\u0663", "a whole number."),
        ("epochs", "9" * 30, "a whole number."),
        ("optimisation.optimizer", "sgd", "adam or adamw."),
        ("optimisation.mixed_precision", "1", "true or false."),
        ("model.mean", "0.5,0.5", "3 numbers with commas between."),
        ("model.mean", "0.5", "3 numbers with commas between."),
        ("side", "224x168", "a whole number, or 2 whole numbers with commas between."),
        ("side", "1,2,3", "a whole number, or 2 whole numbers"),
        ("padding", "white", "3 whole numbers with commas between, or none."),
        ("model.local", "resnet18", "none, or its settings one by one"),
        ("pretrained", " ", "text, or none."),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_it_may_be(path, text, expected):
    with pytest.raises(ValueError, match="; expected ") as caught:
        parse_setting(find_setting(path), text)
    assert f"{path} is {text!r}; expected {expected}" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("optimisation.learning_rate", "1e-4", 1e-4),
        ("optimisation.ema_decay", "0", 0.0),
        ("optimisation.mixed_precision", "False", False),
        ("side", "224", 224),
        ("side", "224, 168", (224, 168)),
        ("model.mean", "0,0.5,1", (0.0, 0.5, 1.0)),
        ("model.values", "", ()),
        ("padding", "none", None),
        ("pretrained", "None", None),
        ("pretrained", "a=b.safetensors", "a=b.safetensors"),
    ],
)
def test_a_value_is_read_by_its_type(path, text, value):
    assert parse_setting(find_setting(path), text) == value
