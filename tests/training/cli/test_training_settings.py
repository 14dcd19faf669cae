"""Every setting of ``train.py`` is reached from its command line, and a run is repeated from its ``run.toml``."""

import re
from dataclasses import replace

import pytest

from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli.train_command import train, train_parser
from fashionsdk_training.cli.training_settings import resolve, resolve_automatically
from fashionsdk_training.config import (
    IMAGENET_MEAN,
    LocalBranch,
    all_settings,
    read_run_toml,
    setting_text,
    setting_value,
)
from fashionsdk_training.garments import write_table
from fashionsdk_training.recipes import RECIPES
from tests.training.conftest import tiny_config

SHORT = ["--batch-size", "16", "--seed", "7", "--pretrained", "none", "--fit", "crop", "--epochs", "3", "--side", "96"]
SMALL = ["--recipe", "asen_v2_cpu", "--backbone", "test_resnet", "--pretrained", "none", "--side", "32"]
SMALL += ["--epochs", "2", "--batch-size", "8", "--device", "cpu", "--set", "model.common_dimension=16"]


def resolved(*options):
    return resolve(train_parser().parse_args(list(options)), None)


def refused(capsys, *options):
    """Return the error of a wrong command line, which is one line and the exit code 2."""
    assert train(["--data", "x.csv", "--out", "y", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("train.py: error: ")


@pytest.mark.parametrize("recipe", ["asen_pp_paper", "cam_gpu"])
def test_a_recipe_is_rebuilt_from_the_command_line_alone(recipe):
    expected = RECIPES[recipe]()
    options = [
        f"--set={path}={setting_text(value)}"
        for path in all_settings()
        if not isinstance(value := setting_value(expected, path), LocalBranch)
        and not (path.startswith("model.local.") and value is None)
    ]
    assert resolved("--recipe", "ag_man_paper", *options).config == expected


def test_options_are_short_for_settings():
    long = ("sampling.batch_size=16", "seed=7", "pretrained=none", "fit=crop", "epochs=3", "side=96", "stored_side=111")
    short = resolved(*SHORT)
    assert short.config == resolved(*(f"--set={each}" for each in long)).config
    assert short.notes == (
        "settings that were changed: pretrained=none, side=96, stored_side=111, epochs=3, sampling.batch_size=16, "
        "seed=7, fit=crop, padding=none",
    )


def test_a_backbone_brings_its_record_and_what_is_typed_goes_before_it():
    config = resolved("--backbone", "resnet18").config
    assert (config.model.mean, config.side, config.stored_side, config.pretrained) == (IMAGENET_MEAN, 224, 258, "timm")
    typed = ["--set=model.mean=0.1,0.2,0.3", "--set=model.stage=2", "--side", "64", "--pretrained", "none"]
    other = resolved("--set", "model.backbone=resnet18", *typed).config
    assert (other.model.mean, other.side, other.stored_side, other.pretrained) == ((0.1, 0.2, 0.3), 64, 74, None)
    assert (other.model.std, other.model.stage) == (config.model.std, 2)
    exact = resolved("--backbone", "resnet18", "--set=side=96", "--set=stored_side=96").config
    assert (exact.side, exact.stored_side) == (96, 96)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "optimisation.rate=1"], "there is no setting 'optimisation.rate'; expected one of "),
        (["--set", "epochs=many"], "epochs is 'many'; expected a whole number. It means: number of passes"),
        (["--set", "optimisation.optimizer=sgd"], "optimisation.optimizer is 'sgd'; expected adam or adamw"),
        (["--set", "optimisation.ema_decay=1"], "ema_decay 1.0; expected > 0, >= 0, >= 1 and 0 <= d < 1"),
        (["--set", "epochs"], "--set 'epochs' has no value; expected epochs=VALUE"),
        (["--set", "seed=1", "--set", "seed=2"], "--set seed is given twice; expected it once"),
        (["--seed", "1", "--set", "seed=2"], "--seed and --set seed name the same setting; expected one of them"),
        (["--batch-size", "8", "--set", "sampling.batch_size=8"], "--batch-size and --set sampling.batch_size name"),
        (["--backbone", "resnet5o"], "backbone is 'resnet5o'; timm has no network of this name; expected one, such as"),
        (["--set", "side=300"], "side 300, stored_side 240; expected"),
    ],
)
def test_a_wrong_setting_is_one_line(capsys, options, message):
    assert message in refused(capsys, *options)


def test_a_file_of_a_newer_version_is_refused(tmp_path, capsys):
    (tmp_path / "old.toml").write_text("format_version = 9\n")
    assert train(["--config", str(tmp_path / "old.toml"), "--out", "y"]) == 1
    assert "its format is 9, this version reads 1" in capsys.readouterr().err


def test_what_is_needed_and_missing_is_named(capsys):
    for given, missing in (([], "--data, --out"), (["--data", "x"], "--out"), (["--out", "x"], "--data")):
        with pytest.raises(SystemExit) as caught:
            train(given)
        assert caught.value.code == 2
        assert f"the following arguments are required: {missing}\n" in capsys.readouterr().err


def test_the_recipes_are_listed(capsys):
    assert train(["--recipes"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert re.split(" {2,}", head) == ["recipe", "system", "backbone", "side", "epochs", "for"]
    for line, (name, recipe) in zip(lines, RECIPES.items(), strict=True):
        config, cells = recipe(), re.split(" {2,}", line)
        assert cells[:3] == [name, config.model.architecture, config.model.backbone]
        assert cells[3:5] == [str(config.side), str(config.epochs)]
        assert cells[5][0].isupper()


def test_the_settings_are_listed_as_the_command_line_has_them(capsys):
    assert train(["--settings", "--side", "64x32", "--set", "optimisation.learning_rate=1e-4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in lines[::2]] == list(all_settings())
    assert {"side=64,32", "optimisation.learning_rate=0.0001", "seed=0", "pretrained=package"} <= set(lines)
    assert "    a number: the highest, of everything but the backbone." in lines
    with pytest.raises(SystemExit):
        train(["--settings", "--recipe", "auto"])


@pytest.mark.parametrize(
    ("device", "photos", "recipe", "why"),
    [
        ("cpu", 50_000, "cam_cpu", "the device is a CPU"),
        ("cuda", 999, "cam_cpu", "999 training photos, fewer than 1000"),
        ("cuda", 1000, "cam_gpu", "a GPU, and there are 1000 training photos"),
    ],
)
def test_a_recipe_is_chosen_by_device_and_photos(device, photos, recipe, why):
    args = train_parser().parse_args(["--recipe", "auto", "--seed", "3"])
    chosen = resolve_automatically(args, device, photos)
    assert (chosen.recipe, chosen.config) == (recipe, replace(RECIPES[recipe](), seed=3))
    assert chosen.notes[0].startswith(f"--recipe auto takes {recipe}: ")
    assert why in chosen.notes[0]


def test_the_chosen_recipe_is_logged_and_kept(table, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: tiny_config(epochs=1))
    given = ["--data", str(table), "--out", str(tmp_path / "run"), "--device", "cpu", "--no-baseline"]
    assert train([*given, "--recipe", "auto"]) == 0
    assert "--recipe auto takes cam_cpu: the device is a CPU" in caplog.text
    command = read_run_toml(tmp_path / "run" / "run.toml").command
    assert command is not None
    assert command.recipe == "cam_cpu"


@pytest.mark.long
def test_a_run_is_repeated_from_its_file_to_the_last_digit(tmp_path, monkeypatch, caplog):
    write_table(tmp_path / "shop", train=48, valid=24, side=64, workers=1)
    monkeypatch.chdir(tmp_path)
    attributes = ["--attribute", "sleeve_length", "--attribute", "skirt_length", "--no-baseline"]
    assert train(["--data", "shop", "--out", "first", *SMALL, *attributes]) == 0
    monkeypatch.chdir("/")
    file, second = tmp_path / "first" / "run.toml", tmp_path / "second"
    assert train(["--config", str(file), "--out", str(second)]) == 0
    runs = [Checkpoint.load(tmp_path / name / "best") for name in ("first", "second")]
    losses = [[row["loss"] for row in run.history] for run in runs]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 2
    assert runs[0].digest == runs[1].digest
    assert read_run_toml(second / "run.toml") == read_run_toml(file)
    assert "are not those of the run" not in caplog.text

    assert train(["--config", str(file), "--out", str(second), "--seed", "1"]) == 1  # another run's folder
    assert train(["--config", str(file), "--out", "x", "--recipe", "cam_cpu"]) == 2
    other = ["--out", str(tmp_path / "other"), "--set=epochs=1", "--set=seed=1", "--attribute", "sleeve_length"]
    assert train(["--config", str(file), *other]) == 0
    assert Checkpoint.load(tmp_path / "other" / "best").history[0]["loss"] != losses[0][0]
    assert "are not those of the run in " in caplog.text


@pytest.mark.slow
def test_a_run_that_goes_on_says_that_it_cannot_be_repeated(table, tmp_path, monkeypatch):
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: tiny_config(epochs=1))
    given = ["--data", str(table), "--out", str(tmp_path / "run"), "--device", "cpu", "--no-baseline"]
    file = tmp_path / "run" / "run.toml"
    assert train(given) == 0
    first = file.read_text()
    assert "continued" not in first
    assert train(given) == 0
    assert file.read_text() == first
    assert train([*given, "--epochs", "2"]) == 0
    assert train([*given, "--epochs", "3"]) == 0
    assert read_run_toml(file).settings.epochs == 3
    words = "epochs were planned, {} done when it became {}; a repeated run has other weights"
    kept = [line for line in file.read_text().splitlines() if line.startswith("# continued: ")]
    assert kept == [f"# continued: 1 {words.format(1, 2)}", f"# continued: 2 {words.format(2, 3)}"]
