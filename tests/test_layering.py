"""The packages know each other in one direction only, and the runtime stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "fashionsdk": ROOT / "sdk/fashionsdk",
    "fashionsdk_training": ROOT / "training/fashionsdk_training",
    "fashionsdk_export": ROOT / "export/fashionsdk_export",
}
FORBIDDEN = {
    "fashionsdk": {"torch", "torchvision", "timm", "onnx", "tensorrt", "fashionsdk_training", "fashionsdk_export"},
    "fashionsdk_training": {"onnx", "onnxruntime", "tensorrt", "fashionsdk_export"},
    "fashionsdk_export": set(),
}


class Running(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(part) for part in node.orelse]
        return self.generic_visit(node)


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(Running().visit(ast.parse(path.read_text()))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_back_along_the_flow_only(package):
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in PACKAGES[package].rglob("*.py")
        for name in imported(path) & FORBIDDEN[package]
    }
    assert not wrong


def test_the_layering_test_sees_imports():
    assert "torch" in imported(PACKAGES["fashionsdk_training"] / "trainer.py")


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("fashionsdk", ("torch", "onnx", "onnxruntime", "tensorrt", "sklearn")),
        ("fashionsdk.cli", ("torch", "onnx", "onnxruntime", "sklearn")),
        ("fashionsdk_training.garments", ("torch", "onnxruntime")),
        ("fashionsdk_training.datasets", ("torch", "onnxruntime")),
    ],
)
def test_importing_a_light_module_loads_nothing_heavy(module, unwanted):
    program = f"import sys, {module}; print(*[name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
