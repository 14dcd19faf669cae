"""One record per runtime: its facts, that it is lazy, and that no other place lists runtimes or precisions."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from fashionsdk.backends import DEVICES, ENGINE_RUNTIMES, PRECISIONS, RUNTIMES, DeviceKind, Runtime
from fashionsdk.backends._registry import Device
from fashionsdk.bundle import EngineDevice, EngineKind, EnginePrecision, Precision
from fashionsdk.embedding import TOLERANCES

ROOT = Path(__file__).parents[3]
records = pytest.mark.parametrize("record", RUNTIMES.values(), ids=list(RUNTIMES))


def computed(record: Runtime) -> set[str]:
    return {name for names in record.precisions.values() for name in names}


def test_the_records_are_the_runtimes_that_users_name():
    """A list once more, on purpose: names and precisions that users have written must stay."""
    names = ["onnxruntime", "onnxruntime-rtx", "openvino", "tensorrt", "tensorrt-rtx", "aotinductor"]
    assert list(RUNTIMES) == names
    assert PRECISIONS == ("fp32", "fp16", "int8", "bf16")
    assert {name: dict(record.precisions) for name, record in RUNTIMES.items()} == {
        "onnxruntime": {"cpu": ("fp32", "fp16", "int8"), "cuda": ("fp32", "fp16")},
        "onnxruntime-rtx": {"cuda": ("fp16",)},
        "openvino": {"cpu": ("fp32", "fp16", "int8", "bf16")},
        "tensorrt": {"cuda": ("fp32", "fp16", "int8")},
        "tensorrt-rtx": {"cuda": ("fp32", "fp16", "int8")},
        "aotinductor": {"cpu": ("fp32", "bf16"), "cuda": ("fp32", "fp16", "bf16")},
    }


def test_a_manifest_names_the_engines_and_the_precisions_of_the_records():
    assert get_args(EngineKind) == ENGINE_RUNTIMES
    assert set(get_args(EnginePrecision)) == {name for kind in ENGINE_RUNTIMES for name in computed(RUNTIMES[kind])}
    assert get_args(EngineDevice) == DEVICES
    assert set(get_args(Precision)) < set(PRECISIONS)
    assert TOLERANCES.keys() == set(PRECISIONS)
    assert get_args(DeviceKind) == DEVICES


@records
def test_a_runtime_says_for_each_device_what_it_computes_and_what_installs_it(record: Runtime):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert record.extras.keys() == record.precisions.keys() == set(record.devices)
    assert all(set(names) <= set(PRECISIONS) for names in record.precisions.values())
    package = re.compile(rf"{re.escape(record.name)}\b|{re.escape(record.module.replace('_', '-'))}\b")
    assert all(any(package.match(line) for line in extras[extra]) for extra in record.extras.values())


@records
def test_what_a_runtime_computes_somewhere_it_computes_on_one_of_its_devices(record: Runtime):
    for precision in (*PRECISIONS, "fp8"):
        devices = [device for device in DEVICES if precision in record.precisions.get(device, ())]
        assert [device for device in DEVICES if record.computes(precision, device)] == devices
        assert record.computes(precision) == bool(devices)


@records
def test_a_missing_runtime_is_an_error_with_each_command_that_installs_it(record: Runtime):
    error = str(record.missing(ImportError("no such module")))
    assert error.startswith(f"{record.name} cannot be imported: no such module; run pip install ")
    assert re.findall(r'pip install "fashionsdk\[(.+?)\]"', error) == list(dict.fromkeys(record.extras.values()))


@records
def test_a_runtime_is_installed_if_its_module_has_code(
    record: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    spec = find_spec(record.module)
    assert record.installed == (spec is not None and spec.origin is not None)
    monkeypatch.setitem(sys.modules, record.module, None)
    assert not record.installed
    monkeypatch.delitem(sys.modules, record.module)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [PathFinder])  # without the finders of editable installs
    (tmp_path / record.module).mkdir()
    assert not record.installed  # a folder of type stubs
    (tmp_path / record.module / "__init__.py").touch()
    sys.path_importer_cache.pop(str(tmp_path), None)
    assert record.installed


def test_a_device_is_written_as_users_write_it():
    assert [str(Device("cpu")), str(Device("cuda")), str(Device("cuda", 2))] == ["cpu", "cuda:0", "cuda:2"]


def test_the_records_import_neither_numpy_nor_a_runtime():
    program = """
import sys
from fashionsdk.backends import RUNTIMES
heavy = {"numpy", "PIL", "pycuda", *(record.module for record in RUNTIMES.values())}
assert [record.installed for record in RUNTIMES.values()]
print(heavy & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def sequences(path: Path) -> list[set[object]]:
    """Return the texts of each tuple, list, set and dictionary that a file writes out."""
    return [
        {item.value for item in items if isinstance(item, ast.Constant)}
        for node in ast.walk(ast.parse(path.read_text()))
        for items in [node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])]
    ]


def test_no_other_file_lists_the_runtimes():
    """``Literal`` of the engines' kinds stands with the manifest, on a lower floor than the records."""
    listing = [
        str(path.relative_to(ROOT))
        for folder in ("sdk", "training", "export", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if any(len(found & RUNTIMES.keys()) > 1 and found <= {"auto", *RUNTIMES} for found in sequences(path))
    ]
    assert listing == ["sdk/fashionsdk/bundle/_manifest_parts.py"]
