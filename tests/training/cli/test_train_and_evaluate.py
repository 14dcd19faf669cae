"""``training/train.py`` and ``training/evaluate.py`` as a user runs them."""

from dataclasses import replace
from pathlib import Path

import pytest

from fashionsdk.photos import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli.evaluate_command import evaluate
from fashionsdk_training.cli.train_command import train, train_parser
from fashionsdk_training.cli.training_settings import resolve
from fashionsdk_training.config import Objective, Sampling, read_run_toml
from fashionsdk_training.recipes import RECIPES
from tests.sdk.labels.triplet_folders import random_rows, write_triplets
from tests.training.conftest import SYSTEMS, tiny_config
from tests.training.loop.runs import assert_same, tensors


@pytest.fixture
def tiny_recipe(monkeypatch):
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: tiny_config(epochs=1))


@pytest.mark.usefixtures("tiny_recipe")
def test_training_prints_where_the_best_checkpoint_is_and_evaluates(table, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(["--data", str(table), "--out", str(out), "--device", "cpu", "--seed", "3"]) == 0
    assert f"{out / 'best'}" in capsys.readouterr().out
    assert evaluate([str(out / "best"), "--data", str(table)]) == 0
    assert "mean over queries" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_recipe")
def test_fit_travels_from_the_command_to_the_checkpoint_and_its_evaluation(
    table, tmp_path, capsys, caplog, monkeypatch
):
    out, seen, read = tmp_path / "run", set(), Preprocessing.read_placed

    def noted(preprocessing, path):
        seen.add(preprocessing)
        return read(preprocessing, path)

    given = ["--data", str(table), "--out", str(out), "--device", "cpu"]
    assert train([*given, "--fit", "pad", "--side", "48x32"]) == 0
    assert Checkpoint.load(out / "best").preprocessing == Preprocessing((48, 32), fit="pad")
    assert "at 48x32 pixels (pad)" in caplog.text
    monkeypatch.setattr(Preprocessing, "read_placed", noted)
    assert evaluate([str(out / "best"), "--data", str(table)]) == 0
    assert seen == {Preprocessing((48, 32), fit="pad")}
    assert train([*given, "--side", "48x32"]) == 1
    assert 'fit is "pad" there and missing here' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "side", "stored"),
    [
        ([], 208, 240),
        (["--side", "160"], 160, 185),
        (["--side", "224x168"], (224, 168), (258, 194)),
        (["--side", "96X96"], 96, 111),
        (["--recipe", "asen_paper", "--side", "320x240"], (320, 240), (320, 240)),
    ],
)
def test_photos_are_stored_larger_than_the_input_by_as_much_as_in_the_recipe(options, side, stored):
    args = train_parser().parse_args(["--data", "x", "--out", "y", *options])
    config = resolve(args, None).config
    assert (config.side, config.stored_side) == (side, stored)
    assert config.fit == ("crop" if "asen_paper" in options else "pad")


@pytest.mark.parametrize("size", ["", "x", "160x", "1x2x3", "-5", "16.0", "ten", "224,168", "9" * 30])
def test_a_size_that_is_none_is_refused(size, capsys):
    with pytest.raises(SystemExit):
        train_parser().parse_args(["--data", "x", "--out", "y", f"--side={size}"])
    assert "is no size; expected 224, or 224x168 for height x width" in capsys.readouterr().err


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


@pytest.mark.usefixtures("tiny_recipe")
def test_boxes_travel_from_the_command_to_the_run_which_stays_another_without_them(table, tmp_path, capsys, caplog):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("image,attribute,left,top,right,bottom\n1.png,colour,0.25,0.25,0.5,1\n")
    given = ["--data", str(table), "--out", str(tmp_path / "run"), "--device", "cpu", "--no-baseline"]
    assert train([*given, "--boxes", str(boxes)]) == 0
    assert "1 boxes in 1 training photos say where attention lies" in caplog.text
    assert train(given) == 1
    assert "another run: the labels, the boxes or the photos' names are others" in capsys.readouterr().err
    boxes.write_text("image,attribute,left,top,right,bottom\n1.png,colour,0.5,0.25,0.5,1\n")
    assert train([*given[:3], str(tmp_path / "other"), "--boxes", str(boxes)]) == 1
    assert "line 2: left is 0.5 and right 0.5; expected left below right" in capsys.readouterr().err


def test_a_teacher_travels_from_the_command_to_the_run_and_to_its_repetition(
    table, tmp_path, monkeypatch, capsys, caplog
):
    learns_values = Objective(triplet_weight=0.0, proxy_weight=0.0)
    tiny = tiny_config(model=SYSTEMS["cam"], epochs=1, sampling=Sampling("photos", 8), objective=learns_values)
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: tiny)
    monkeypatch.chdir(tmp_path)
    given = ["--data", str(table), "--device", "cpu", "--no-baseline"]
    assert train([*given, "--side", "48", "--out", "large"]) == 0
    assert train([*given, "--teacher", "large/best", "--out", "taught"]) == 0
    assert "large/best teaches: test_resnet at 48x48 pixels, MAP " in caplog.text
    record = read_run_toml(tmp_path / "taught" / "run.toml")
    assert record.command is not None
    assert record.command.teachers == (str(tmp_path / "large" / "best"),)
    assert train([*given, "--out", "taught"]) == 1
    assert "another run: the teachers are others" in capsys.readouterr().err
    assert train(["--config", "taught/run.toml", "--out", "again"]) == 0
    assert_same(tensors(tmp_path / "again"), tensors(tmp_path / "taught"))
    assert train([*given, "--teacher", "large", "--out", "other"]) == 1
    assert "large: not a readable checkpoint" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny_recipe")
def test_a_run_on_corrected_labels_is_another_run(table, tmp_path, capsys, caplog):
    suspects = tmp_path / "suspects.csv"
    suspects.write_text("image,attribute,correct\n1.png,colour,-\n")
    given = ["--data", str(table), "--out", str(tmp_path / "run"), "--device", "cpu", "--no-baseline"]
    assert train([*given, "--corrections", str(suspects)]) == 0
    assert "0 changed, 1 blanked" in caplog.text
    assert train(given) == 1
    assert "another run: the labels" in capsys.readouterr().err
    suspects.write_text("image,attribute,correct\n1.png,colour,purple\n")
    assert train([*given, "--corrections", str(suspects)]) == 1
    assert "suspects.csv, line 2: unknown value 'purple' of colour" in capsys.readouterr().err


@pytest.mark.parametrize(("queries", "said"), [(False, True), (True, False)])
def test_boxes_for_cam_without_queries_are_warned_of(table, tmp_path, monkeypatch, caplog, queries, said):
    boxes, model = tmp_path / "boxes.csv", replace(SYSTEMS["cam"], position_queries=queries)
    boxes.write_text("image,attribute,left,top,right,bottom\n1.png,colour,0.25,0.25,0.5,1\n")
    losses, sampling = Objective(triplet_weight=0.0, proxy_weight=0.0), Sampling("photos", batch_size=8)
    config = tiny_config(epochs=1, model=model, objective=losses, sampling=sampling)
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: config)
    options = ["--data", str(table), "--out", str(tmp_path / "run"), "--device", "cpu", "--no-baseline"]
    assert train([*options, "--boxes", str(boxes)]) == 0
    assert ("they should move queries: --set model.position_queries=true" in caplog.text) == said


@pytest.mark.parametrize("option", ["--boxes", "--corrections"])
def test_options_of_label_tables_are_refused_for_lists_of_triplets(tmp_path, capsys, option):
    write_triplets(
        tmp_path, [f"{i}.png" for i in range(24)], {"train": [random_rows(16, 10, seed=a) for a in range(4)]}
    )
    given = ["--data", str(tmp_path), "--out", str(tmp_path / "run"), "--device", "cpu", "--recipe", "csn_paper"]
    assert train([*given, option, "boxes.csv"]) == 2
    assert f"{option} with lists of triplets; expected a label table" in capsys.readouterr().err


def test_an_option_given_twice_is_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        train(["--data", "a.csv", "--out", "run", "--epochs", "1", "--epochs", "2"])
    assert caught.value.code == 2
    assert "argument --epochs: given twice; expected it once" in capsys.readouterr().err


def test_a_run_is_never_written_to_the_photos_or_the_labels(table, tmp_path, capsys):
    """Known before the photos are read, and before PyTorch is loaded."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "dress.JPG").touch()
    (tmp_path / "file").touch()
    for out, words in (
        (tmp_path / "photos", "is a folder of photos, such as dress.JPG; choose another one with --out"),
        (table.parent, "holds the labels; choose another folder for the run with --out"),
        (tmp_path / "file", "cannot write a run to "),
        (Path("/proc/x"), "cannot write a run to /proc/x: "),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        before = sorted(path.name for path in table.parent.iterdir())
        assert train(["--data", str(table), "--out", str(out)]) == 1
        (error,) = capsys.readouterr().err.splitlines()
        assert error.startswith("train.py: error: ")
        assert words in error
        assert sorted(path.name for path in table.parent.iterdir()) == before
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["dress.JPG"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_in_the_help_and_valid(recipe):
    assert recipe in train_parser().format_help()
    assert RECIPES[recipe]().epochs > 0


def test_evaluating_a_missing_checkpoint_is_one_line(table, tmp_path, capsys):
    assert evaluate([str(tmp_path / "none"), "--data", str(table)]) == 1
    assert "not a readable checkpoint" in capsys.readouterr().err
