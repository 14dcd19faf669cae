"""The study of settings: what it varies, what it trains on, and the table it prints."""

import csv
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from fashionsdk_training.config import Objective, Sampling
from fashionsdk_training.recipes import RECIPES
from tests.benchmarks.conftest import Load
from tests.training.conftest import SYSTEMS, draw, tiny_config

COLUMNS = ["image", "split", "colour"]


@pytest.fixture
def study(load: Load):
    return load("studies.settings")


@pytest.fixture
def shop(tmp_path):
    rows = [[f"{i}.jpg", "train" if i % 3 else "valid", ("red", "blue")[i % 2]] for i in range(400)]
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows, ["x.jpg", "test", "red"]])
    return tmp_path / "labels.csv"


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def names(rows, split):
    return [row["image"] for row in rows if row["split"] == split]


def test_folds_share_out_the_training_rows_in_blocks(study, shop, tmp_path):
    training = [str(tmp_path / row["image"]) for row in rows_of(shop) if row["split"] == "train"]
    held_out = []
    for fold in "01234":
        rows = rows_of(study.write_fold(shop, fold, 0, 0, tmp_path / "out"))
        held_out += names(rows, "valid")
        assert sorted(names(rows, "train") + names(rows, "valid")) == sorted(training)
        places = [training.index(name) for name in names(rows, "valid")]
        assert all(place // 25 % 5 == int(fold) for place in places)
    assert sorted(held_out) == sorted(training)


def test_the_validation_split_itself_is_a_fold_and_other_splits_are_left_out(study, shop, tmp_path):
    rows, given = rows_of(study.write_fold(shop, "valid", 0, 0, tmp_path / "out")), rows_of(shop)
    for split in ("train", "valid"):
        assert names(rows, split) == [str(tmp_path / name) for name in names(given, split)]
    assert len(rows) == len(given) - 1


def test_a_draw_takes_training_rows_only_and_differs_by_seed(study, shop, tmp_path):
    whole = rows_of(study.write_fold(shop, "2", 0, 0, tmp_path / "out"))
    first, again, second = (rows_of(study.write_fold(shop, "2", 40, seed, tmp_path / "out")) for seed in (0, 0, 1))
    assert first == again != second
    for rows in (first, second):
        assert len(names(rows, "train")) == 40
        assert set(names(rows, "train")) < set(names(whole, "train"))
        assert names(rows, "valid") == names(whole, "valid")


def test_settings_are_changed_wherever_they_are(study):
    recipe = RECIPES["cam_cpu"]()
    assert study.variant(recipe, "-") == recipe
    changed = study.variant(
        recipe, "side=[160,128] optimisation.learning_rate=1e-3 padding=[0,0,9] model.posterior_weight=1"
    )
    expected = replace(
        recipe,
        side=(160, 128),
        padding=(0, 0, 9),
        optimisation=replace(recipe.optimisation, learning_rate=1e-3),
        model=replace(recipe.model, posterior_weight=1),
    )
    assert changed == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs", "'epochs' is no setting; expected name=value"),
        ("epoch=3", "there is no setting 'epoch'; expected one of model, pretrained"),
        ("model.stages=3", "there is no setting 'stages'; expected one of architecture"),
        ("epochs.more=3", "there is no setting 'more'"),
        ("epochs=0", "epochs 0"),
    ],
)
def test_a_setting_that_is_none_is_named_with_those_that_are(study, text, message):
    with pytest.raises(ValueError, match=message):
        study.variant(RECIPES["cam_cpu"](), text)


def test_runs_end_in_a_table_and_are_not_run_again(study, tmp_path, monkeypatch, capsys):
    rng, lines = np.random.default_rng(0), ["image,split,colour,stripes"]
    for i in range(60):
        colour, stripes = ("red", "green")[i % 2], ("horizontal", "vertical", "")[i // 2 % 3]
        draw(colour, stripes, rng).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{'train' if i < 40 else 'valid'},{colour},{stripes}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    torch.manual_seed(5)
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), tmp_path / "weights.safetensors")
    config = tiny_config(
        model=SYSTEMS["cam"],
        pretrained=str(tmp_path / "weights.safetensors"),
        epochs=1,
        sampling=Sampling("photos", batch_size=8),
        objective=Objective(triplet_weight=0.0, proxy_weight=0.0),
    )
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: config)
    options = ["--try", "-", "--try", "epochs=2", "--folds", "valid", "--seeds", "0", "1"]
    monkeypatch.setattr(
        sys, "argv", ["settings", "--data", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "out"), *options]
    )
    study.main()
    lines = capsys.readouterr().out.splitlines()
    records = [json.loads(line) for line in (tmp_path / "out/scores.jsonl").read_text().splitlines()]
    assert [(each["settings"], each["seed"]) for each in records] == [
        ("-", 0),
        ("epochs=2", 0),
        ("-", 1),
        ("epochs=2", 1),
    ]
    assert [json.loads(line) for line in lines[:4]] == records
    written = (tmp_path / "out/table.md").read_text()
    assert written.splitlines()[0] == "| settings | runs | all | colour | stripes | least gain |"
    for settings in ("-", "epochs=2"):
        mine = [each["map"] for each in records if each["settings"] == settings]
        assert f"| {settings} | 2 | {sum(mine) / 2:.1f} ±" in written
    monkeypatch.setattr("fashionsdk_training.loop.Trainer.fit", lambda _: pytest.fail("it is trained again"))
    study.main()
    assert (tmp_path / "out/table.md").read_text() == written


def test_a_wrong_setting_is_one_line_before_any_work(study, shop, tmp_path, monkeypatch, capsys):
    options = ["--data", str(shop), "--out", str(tmp_path / "out"), "--try", "epoch=3"]
    monkeypatch.setattr(sys, "argv", ["settings", *options])
    with pytest.raises(SystemExit) as ended:
        study.main()
    assert ended.value.code == 2
    assert "there is no setting 'epoch'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
