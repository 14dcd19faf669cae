"""``export/triton.py`` on the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from fashionsdk_export.cli import triton_repository
from tests.export.triton.conftest import engine, parsed

SCRIPT = Path(__file__).parents[3] / "export" / "triton.py"


def test_the_command_writes_what_its_options_say_and_names_each_model(bundle, tmp_path, capsys):
    out = tmp_path / "models"
    options = "--name shop --backend python-pixels onnx --precision fp32 --device cpu --runtime openvino --threads 2"
    batches = "--instances 2 --max-batch 16 --preferred-batch 4 8 --queue-delay 1.5 --version 7 --version-policy all"
    assert triton_repository([str(bundle.path), "--out", str(out), *options.split(), *batches.split()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "shop_pixels, python: images uint8 (N, 16, 16, 3) -> "
        "neckline fp32 (N, 8), sleeve fp32 (N, 8), colour fp32 (N, 8)"
    )
    assert [line.partition(",")[0] for line in lines] == ["shop_pixels", "shop_read", "shop_onnx", "shop_onnx_photos"]
    config = parsed(out / "shop_pixels/config.pbtxt")
    assert config.max_batch_size == 16
    assert list(config.dynamic_batching.preferred_batch_size) == [4, 8]
    assert config.dynamic_batching.max_queue_delay_microseconds == 1500
    assert [group.count for group in config.instance_group] == [2]
    assert config.version_policy.HasField("all")
    assert config.parameters["fashionsdk.runtime"].string_value == "openvino"
    assert config.parameters["fashionsdk.threads"].string_value == "2"
    assert (out / "shop_onnx/7/model.onnx").is_file()


def test_the_version_of_engines_is_chosen_by_an_option(with_engines, tmp_path):
    bundle = with_engines([engine(), engine(library="10.9.1")])
    command = [str(bundle.path), "--out", str(tmp_path / "models"), "--backend", "tensorrt"]
    assert triton_repository(command) == 1
    assert triton_repository([*command, "--tensorrt-version", "10.9.1"]) == 0
    config = parsed(tmp_path / "models/fashionsdk_tensorrt/config.pbtxt")
    assert config.parameters["fashionsdk.library"].string_value == "tensorrt 10.9.1"


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--queue-delay", "-1"], 2, "queue_delay is -1.0; expected milliseconds, 0 or more"),
        (["--backend", "onnx", "onnx"], 2, "each once"),
        (["--name", "a b"], 2, "name is 'a b'"),
        (["--runtime", "tensorrt"], 2, "does not compute fp32 on device 'cpu'"),
        (["--backend", "tensorrt"], 1, "has no engine; expected one that Triton loads"),
        (["--precision", "int8"], 1, "has no int8 graph; this bundle has fp32"),
    ],
)
def test_what_cannot_be_written_is_one_line_on_stderr(options, status, message, bundle, tmp_path, capsys):
    assert triton_repository([str(bundle.path), "--out", str(tmp_path / "models"), *options]) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("triton.py: error: ")
    assert message in line
    assert not (tmp_path / "models").exists()


def test_what_exists_is_not_replaced(bundle, tmp_path, capsys):
    (tmp_path / "mine").write_text("mine")
    assert triton_repository([str(bundle.path), "--out", str(tmp_path)]) == 1
    assert f"{tmp_path} exists, and a model repository is never replaced" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_an_error(tmp_path, capsys):
    assert triton_repository([str(tmp_path), "--out", str(tmp_path / "models")]) == 1
    assert f"{tmp_path} is not a bundle" in capsys.readouterr().err


def test_graphs_need_onnx_and_the_python_models_do_not(bundle, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)  # as if it were not installed
    for name in [name for name in sys.modules if name.startswith("fashionsdk_export.triton.graph")]:
        monkeypatch.delitem(sys.modules, name)
    assert triton_repository([str(bundle.path), "--out", str(tmp_path / "python")]) == 0
    assert triton_repository([str(bundle.path), "--out", str(tmp_path / "onnx"), "--backend", "onnx"]) == 1
    assert 'run pip install "fashionsdk[triton]"' in capsys.readouterr().err
    assert not (tmp_path / "onnx").exists()


def test_the_script_is_the_command():
    done = subprocess.run([sys.executable, SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: triton.py ")


def test_scripts_beside_it_still_find_the_package_of_its_name(tmp_path):
    folder = tmp_path / "packages"
    (folder / "triton").mkdir(parents=True)
    (folder / "triton" / "__init__.py").write_text("KIND = 'the package'")
    program = f"import sys; sys.path[:0] = [{str(SCRIPT.parent)!r}, {str(folder)!r}]; import triton; print(triton.KIND)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "the package"


def test_without_that_package_it_is_not_found():
    program = f"import sys; sys.path[:] = [{str(SCRIPT.parent)!r}, *(p for p in sys.path if 'site-packages' not in p)]"
    done = subprocess.run([sys.executable, "-c", f"{program}; import triton"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "No module named 'triton'" in done.stderr
