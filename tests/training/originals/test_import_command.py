"""``training/import_original.py`` as a user runs it."""

import pytest

from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli.import_original_command import main


def test_the_command_writes_a_checkpoint_and_reports(files, tmp_path, capsys):
    out = tmp_path / "out"
    names = ["--attribute", "neckline", "--attribute", "sleeve"]
    assert main([str(files["asen"]), "--model", "asen", "--out", str(out), "--side", "96", *names]) == 0
    printed = capsys.readouterr().out
    assert "asen on resnet18" in printed
    assert "left out 2 tensors (embeddingnet.backbonenet.fc.weight, ...): the network is cut after layer3" in printed
    checkpoint = Checkpoint.load(out)
    assert [attribute.name for attribute in checkpoint.attributes] == ["neckline", "sleeve"]
    assert checkpoint.preprocessing == Preprocessing(96, reducing_gap=None)
    checkpoint.build()


def test_the_command_takes_names_from_the_papers_index_files(files, tmp_path):
    (tmp_path / "meta.json").write_text(
        '{"FashionAI": {"ATTRIBUTES": ["neck", "lapel"], "ATTRIBUTES_NUM": {"neck": 2, "lapel": 1}}}'
    )
    out = tmp_path / "out"
    assert main([str(files["csn"]), "--model", "csn", "--out", str(out), "--data", str(tmp_path)]) == 0
    assert [attribute.name for attribute in Checkpoint.load(out).attributes] == ["neck", "lapel"]
    assert Checkpoint.load(out).attributes[0].values == ("0", "1")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--model", "asen"], 1, "csn.pth.tar as asen: "),
        (["--model", "csn", "--data", "nowhere"], 1, "no meta.json"),
        (["--model", "csn", "--attribute", "neckline"], 2, "1 attributes given (neckline); the file holds 2"),
        (["--model", "csn", "--side", "-1"], 2, "side"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(arguments, status, message, files, tmp_path, capsys):
    assert main([str(files["csn"]), "--out", str(tmp_path / "out"), *arguments]) == status
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("import_original.py: error:")
    assert message in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--beta", "--threshold"])
def test_a_setting_out_of_range_is_one_line(option, files, tmp_path, capsys):
    arguments = [str(files["asen_pp"]), "--model", "asen_pp", "--out", str(tmp_path / "out"), option, "1.5"]
    assert main(arguments) == 2
    assert "expected stage >= 0, 0 <= threshold < 1, 0 <= beta <= 1" in capsys.readouterr().err
