"""``training/train.py`` and ``training/evaluate.py`` as a user runs them."""

import pytest

from fashionsdk_training.cli.evaluate_command import evaluate
from fashionsdk_training.cli.train_command import train, train_parser
from fashionsdk_training.recipes import RECIPES
from tests.training.conftest import tiny_config


@pytest.fixture
def tiny_recipe(monkeypatch):
    monkeypatch.setitem(RECIPES, "asen_v2_cpu", lambda: tiny_config(epochs=1))


@pytest.mark.usefixtures("tiny_recipe")
def test_training_prints_where_the_best_checkpoint_is_and_evaluates(table, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(["--data", str(table), "--out", str(out), "--device", "cpu", "--seed", "3"]) == 0
    assert f"{out / 'best'}" in capsys.readouterr().out
    assert evaluate([str(out / "best"), "--data", str(table)]) == 0
    assert "mean over queries" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_recipe")
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--data", "nowhere.csv"], 1, "cannot be read"),
        (["--epochs", "0"], 2, "epochs 0"),
        (["--batch-size", "7"], 2, "batch_size 7"),
        (["--pretrained", "nowhere.safetensors"], 1, "not a readable safetensors file"),
        (["--splits", "train", "test"], 1, "split 'test' is empty"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(table, tmp_path, capsys, arguments, status, message):
    options = ["--out", str(tmp_path / "run"), "--device", "cpu"]
    if "--data" not in arguments:
        options += ["--data", str(table)]
    assert train([*options, *arguments]) == status
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("train.py: error:")
    assert message in error


def test_an_option_given_twice_is_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        train(["--data", "a.csv", "--out", "run", "--epochs", "1", "--epochs", "2"])
    assert caught.value.code == 2
    assert "argument --epochs: given twice; expected it once" in capsys.readouterr().err


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_in_the_help_and_valid(recipe):
    assert recipe in train_parser().format_help()
    assert RECIPES[recipe]().epochs > 0


def test_evaluating_a_missing_checkpoint_is_one_line(table, tmp_path, capsys):
    assert evaluate([str(tmp_path / "none"), "--data", str(table)]) == 1
    assert "not a readable checkpoint" in capsys.readouterr().err
