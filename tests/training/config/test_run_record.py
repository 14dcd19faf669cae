"""``run.toml`` holds every setting, and what is wrong with one is said."""

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk_training.config import RunCommand, RunRecord, TrainConfig, read_run_toml, run_toml
from fashionsdk_training.errors import TrainingError
from fashionsdk_training.recipes import RECIPES
from tests.training.config.made_settings import configs

TEXT = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: text != "none")
COMMANDS = st.builds(
    RunCommand,
    recipe=st.none() | TEXT,
    data=TEXT,
    format=st.none() | TEXT,
    splits=st.none() | st.tuples(TEXT, TEXT),
    attributes=st.lists(TEXT).map(tuple),
    boxes=st.none() | TEXT,
    corrections=st.none() | TEXT,
    teachers=st.lists(TEXT).map(tuple),
    device=st.sampled_from(["auto", "cpu", "cuda"]),
    baseline=st.booleans(),
)


def written(tmp_path, record, *comments):
    path = tmp_path / "run.toml"
    path.write_bytes(run_toml(record, comments))
    return path


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_read_back(name, tmp_path):
    record = RunRecord(1, "abc", RunCommand(name, "/shop/labels.csv"), RECIPES[name]())
    assert read_run_toml(written(tmp_path, record, "a comment", "another")) == record


@given(st.none() | COMMANDS, configs())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_settings_are_read_back(tmp_path, command, config):
    record = RunRecord(1, "", command, config)
    assert read_run_toml(written(tmp_path, record)) == record


def test_the_file_names_every_setting(tmp_path):
    record = RunRecord(1, "", None, TrainConfig(fit="pad", pretrained=None))
    tables = tomllib.loads(written(tmp_path, record).read_text())
    assert tables["settings"]["pretrained"] == tables["settings"]["model"]["local"] == tables["command"] == "none"
    assert tables["settings"]["optimisation"]["colour_rate"] == 1.0  # a default, too


GOOD = run_toml(RunRecord(1, "", RunCommand(None, "/a"), TrainConfig())).decode()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format_version = 1", "format_version = 2", "its format is 2, this version reads 1: install the fashionsdk"),
        ("format_version = 1", "format_version = true", "format_version is True; expected 1"),
        ("format_version = 1\n", "", "format_version is None; expected 1"),
        ("learning_rate = 0.001", 'learning_rate = "fast"', "optimisation.learning_rate is 'fast'; expected float"),
        ("learning_rate = 0.001", "learning_rate = nan", "learning_rate is nan; expected a finite number"),
        ("learning_rate = 0.001", "learning_rate = -1", "learning_rate -1.0, backbone_rate 0.3"),
        ("learning_rate = 0.001", "rate = 0.001", "has the unknown key 'rate'; expected optimizer, learning_rate"),
        ("epochs = 8\n", "", "run.toml.settings lacks the key 'epochs'"),
        ("epochs = 8\n", "epochs = none\n", "Invalid value"),
        ("epochs = 8\n", 'epochs = "none"\n', "epochs is 'none'; expected int"),
        ("epochs = 8\n", "epochs = 8\nepochs = 9\n", "Cannot overwrite"),
        ("[command]", "[commands]", "has the unknown key 'commands'"),
        ('device = "auto"', 'device = "tpu"', "device is 'tpu'; expected one of 'auto', 'cpu', 'cuda'"),
        ("labels = ", "settings = 3\nlabels = ", "Cannot"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, old, new, message):
    assert GOOD.count(old) == 1
    path = tmp_path / "run.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(TrainingError) as caught:
        read_run_toml(path)
    assert str(caught.value).startswith(f"{path}: no settings of a run: ")
    assert message in str(caught.value)


def test_other_files_are_refused(tmp_path):
    for name, content in (("binary", b"\xff\xfe"), ("large", b"#" * 2**21), ("deep", b"a=" + b"[" * 100_000)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(TrainingError, match="no settings of a run"):
            read_run_toml(tmp_path / name)
    for name in ("missing", "."):
        with pytest.raises(TrainingError, match="cannot be read"):
            read_run_toml(tmp_path / name)


def test_a_name_that_is_no_text_is_written_and_refused_when_it_is_read(tmp_path):
    path = written(tmp_path, RunRecord(1, "", RunCommand(None, "/shop/\udcff.csv"), TrainConfig()))
    with pytest.raises(TrainingError, match="no settings of a run"):
        read_run_toml(path)
