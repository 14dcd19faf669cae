"""The calls of TensorRT, against type stubs of the whole library, which CI cannot install."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("fashionsdk.backends.tensorrt", "fashionsdk_export.engines")
CONFIG = """
[mypy]
strict = true
warn_unused_ignores = false
python_version = 3.11
explicit_package_bases = true
follow_imports = silent
mypy_path = {stubs}:{root}/sdk:{root}/training:{root}/export
[mypy-tensorrt.*,tensorrt_bindings.*]
ignore_errors = true
[mypy-{untyped}]
ignore_missing_imports = true
follow_imports = skip
"""
UNTYPED = ("torch", "onnx", "onnxruntime", "timm", "pycuda", "tensorrt_rtx", "tqdm")
MISTAKES = """
import tensorrt as trt
from fashionsdk.backends.tensorrt.library._api import Api
from fashionsdk.backends.tensorrt.library import Library

def run(engine: trt.ICudaEngine) -> None:
    context = engine.create_execution_context()
    context.set_tensor_address("images", 1)
    context.set_tensor_adress("images", 1)
    context.execute_async_v3("stream")

def load(found: Library) -> None:
    found.start(found.module.Runtime).deserialise(b"")
    found.module.Bilder(found.logger)

module: Api = trt
"""


def parseable(source: str) -> str:
    """Replace the declarations that are no Python, such as a parameter called ``in``; it is five of 4,000."""
    lines = source.splitlines()
    for _ in range(20):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            number = (error.lineno or 1) - 1
            line = lines[number]
            declaration = re.match(r"(\s*def \w+)\(", line)
            assert declaration is not None, line
            lines[number] = f"{declaration[1]}(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:"
        else:
            return "\n".join(lines)
    raise AssertionError("the stubs have more than 20 declarations that are no Python")


def copy_stubs(out: Path) -> None:
    for name in ("tensorrt", "tensorrt_bindings"):
        spec = importlib.util.find_spec(name)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        stubs = [path for folder in folders for path in Path(folder).glob("*.pyi")]
        if not stubs:
            pytest.skip("needs pip install --no-deps tensorrt-stubs")
        (out / name).mkdir(parents=True)
        for path in stubs:
            (out / name / path.name).write_text(parseable(path.read_text()))


@pytest.mark.slow
def test_tensorrt_is_called_as_its_stubs_declare(tmp_path: Path):
    copy_stubs(tmp_path / "stubs")
    untyped = ",".join(f"{name}.*" for name in UNTYPED)
    (tmp_path / "mypy.ini").write_text(CONFIG.format(stubs=tmp_path / "stubs", root=ROOT, untyped=untyped))
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    packages = [
        path
        for name in PACKAGES
        for top in ("sdk", "export")
        for path in [ROOT / top / name.replace(".", "/")]
        if path.is_dir()
    ]
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", "cache", "mistakes.py"]
    done = subprocess.run([*command, *packages], cwd=tmp_path, capture_output=True, text=True, check=False)
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 4, done.stdout + done.stderr
    wrong = ("set_tensor_adress", 'incompatible type "str"', "deserialise", "Bilder")
    for error, part in zip(errors, wrong, strict=True):
        assert error.startswith("mistakes.py:")
        assert part in error
