"""Packages and their rooms know each other in one direction only, through their doors, and the runtime stays light."""

import ast
import subprocess
import sys
from functools import cache
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
IN_ONE_ROOM = {(PACKAGES["fashionsdk"] / "backends/aotinductor", "torch")}  # what runs there is PyTorch's own code


# A room may use those before it. docs/architecture.md draws them.
FLOORS = {
    "fashionsdk": (
        *("errors", "_tools", "attributes", "values", "embeddings", "photos", "labels", "bundle", "backends"),
        *("embedding", "search", "catalogue", "evaluation", "explanation", "report", "service", "client", "cli"),
        "__main__",
    ),
    "fashionsdk_training": (
        *(
            "errors",
            "data",
            "preparing",
            "config",
            "models",
            "probe",
            "checkpoint",
            "loop",
            "recipes",
            "cleaning",
            "adding",
            "originals",
        ),
        *("garments", "cli"),
    ),
    "fashionsdk_export": (
        *(
            "errors",
            "graph",
            "parity",
            "compact",
            "precision",
            "engines",
            "inductor",
            "builder_packages",
            "triton",
            "arguments",
            "pipeline",
            "demo",
            "cli",
        ),
    ),
}
DOORLESS = ("fashionsdk._tools", "fashionsdk._tools.files")  # shelves: each of their files is one tool, for every room
MOST_FILES = 12  # in a folder, ``__init__`` and ``py.typed`` left out


class Running(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(part) for part in node.orelse]
        return self.generic_visit(node)


@cache
def imported_modules(path: Path) -> set[str]:
    """Return the full names of what a file imports when it runs, modules of ``from package import module`` included."""
    names = set()
    for node in ast.walk(Running().visit(ast.parse(path.read_text()))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name for name in inner if is_module(name)} or {node.module}
    return names


def imported(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(path)}


def is_package(name: str) -> bool:
    package, *inner = name.split(".")
    return package in PACKAGES and PACKAGES[package].joinpath(*inner).is_dir()


def is_module(name: str) -> bool:
    package, *inner = name.split(".")
    return package in PACKAGES and bool(inner) and PACKAGES[package].joinpath(*inner).with_suffix(".py").is_file()


def module_name(path: Path, package: str) -> str:
    inner = path.relative_to(PACKAGES[package]).with_suffix("").parts
    return ".".join([package, *(part for part in inner if part != "__init__")])


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_back_along_the_flow_only(package):
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in PACKAGES[package].rglob("*.py")
        for name in imported(path) & FORBIDDEN[package]
        if (path.parent, name) not in IN_ONE_ROOM
    }
    assert not wrong


def test_the_layering_test_sees_imports():
    trainer = PACKAGES["fashionsdk_training"] / "loop/trainer.py"
    assert "torch" in imported(trainer)
    assert {"fashionsdk.evaluation", "fashionsdk_training.loop.step"} <= imported_modules(trainer)
    assert is_package("fashionsdk.evaluation")
    assert is_module("fashionsdk_training.loop.step.criterion")


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_use_those_on_lower_floors_only(package):
    floors = FLOORS[package]
    rooms = {path.stem for path in PACKAGES[package].iterdir() if path.suffix in ("", ".py")} - {"__init__"}
    assert rooms - {"__pycache__"} == set(floors)
    wrong = set()
    for path in PACKAGES[package].rglob("*.py"):
        room = path.relative_to(PACKAGES[package]).parts[0].removesuffix(".py")
        for name in imported_modules(path):
            used = name.removeprefix(f"{package}.").split(".")[0]
            if used in floors and name.startswith(f"{package}.") and room != "__init__":
                wrong |= {f"{path.relative_to(ROOT)} uses {used}"} if floors.index(used) > floors.index(room) else set()
    assert not wrong


@pytest.mark.parametrize("package", PACKAGES)
def test_a_room_is_entered_by_its_door(package):
    """A file of a room, or of a room within it, is imported from there only; all others import the room itself."""
    wrong = set()
    for path in PACKAGES[package].rglob("*.py"):
        me = module_name(path, package)
        for name in imported_modules(path):
            room = name.rpartition(".")[0]
            inside = f"{me}.".startswith(f"{room}.")
            if is_module(name) and room not in (*PACKAGES, *DOORLESS) and not inside:
                wrong.add(f"{path.relative_to(ROOT)} imports {name}; expected {room}")
    assert not wrong


@pytest.mark.parametrize("package", PACKAGES)
def test_a_room_says_what_it_owns_and_lists_what_it_offers(package):
    for path in PACKAGES[package].rglob("__init__.py"):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        offered = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert not offered or "__all__" in path.read_text(), path


def test_what_users_do_not_import_is_private():
    """In the SDK the files of a room start with an underscore; what the room offers stands in its ``__init__``."""
    public = {"__init__", "__main__", "errors", "attributes", "embeddings"}
    files = [path for path in PACKAGES["fashionsdk"].rglob("*.py") if "_tools" not in path.parts]
    assert {path.stem for path in files if not path.stem.startswith("_")} <= public


@pytest.mark.parametrize("folder", ["sdk", "training", "export", "benchmarks", "tests"])
def test_no_room_holds_more_than_a_dozen_files(folder):
    for room in [ROOT / folder, *(path for path in (ROOT / folder).rglob("*") if path.is_dir())]:
        files = [path.name for path in room.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= MOST_FILES, f"{room.relative_to(ROOT)} holds {len(files)}"


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("fashionsdk", ("torch", "onnx", "onnxruntime", "tensorrt", "sklearn")),
        ("fashionsdk.cli", ("torch", "onnx", "onnxruntime", "sklearn")),
        ("fashionsdk_training.garments", ("torch", "onnxruntime")),
        ("fashionsdk_training.cli", ("torch", "timm", "onnxruntime")),
        ("fashionsdk_export.cli", ("torch", "timm", "onnx", "onnxruntime")),
        ("fashionsdk_export.arguments", ("torch", "timm", "onnx", "onnxruntime")),
        ("fashionsdk_training.data.training_data", ("torch", "onnxruntime")),
    ],
)
def test_importing_a_light_module_loads_nothing_heavy(module, unwanted):
    program = f"import sys, {module}; print(*[name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
