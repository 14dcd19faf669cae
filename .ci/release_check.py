"""Build the wheel and the sdist, and use the wheel alone as a user would.

    .venv/bin/python .ci/release_check.py

A bundle is made by the commands of this environment. The wheel then goes into an empty environment in a temporary
folder, without PyTorch, and has to check that bundle and search with it. Ends at the first thing that is wrong.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {"fashionsdk": "sdk", "fashionsdk_training": "training", "fashionsdk_export": "export"}
COMMANDS = ("train", "evaluate", "add-attribute", "import-original", "build-engine", "triton-repository")
EXTRAS = {"fashionsdk-build-engine": "export,cpu", "fashionsdk-triton-repository": "triton"}  # others need training
SDIST = ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "tests/conftest.py", "docs/index.md")
PHOTOS = {".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
WEIGHTS = {".engine", ".onnx", ".pt", ".pth", ".safetensors"}
LARGEST = 2 * 2**20  # bytes of the wheel; it has 0.3 MB
CONSUMER = """\
from fashionsdk import Embedder, Matcher

with Embedder("bundle") as embedder:
    reveal: list[str] = list(Matcher.load("photos.gallery").search(embedder.embed("x.jpg"), "neckline_design").keys[0])
"""
IMPORTS = """\
import sys, fashionsdk
for name in fashionsdk.__all__:
    getattr(fashionsdk, name)
print(fashionsdk.__file__, fashionsdk.__version__)
heavy = sorted({"torch", "onnx", "tensorrt", "sklearn"} & set(sys.modules))
sys.exit(f"import fashionsdk loads {heavy}" if heavy else 0)
"""


class ReleaseError(Exception):
    """The release is not right."""


def main() -> int:
    """Run every step; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="fashionsdk-release-") as temporary:
        try:
            check_release(Path(temporary))
        except ReleaseError as error:
            print(f"release check: {error}", file=sys.stderr)
            return 1
    return 0


def check_release(folder: Path) -> None:
    """Build, look into the files, and use them in ``folder``."""
    with step("wheel and sdist built"):
        wheel, sdist = build(folder / "dist")
    with step("their files are the right ones"):
        check_wheel(wheel)
        check_sdist(sdist)
    with step("bundle made by the commands of this environment"):
        make_bundle(folder)
    with step("wheel installed alone, with the extra cpu"):
        programs = install(wheel, folder / "env")
    with step("bundle checked, photos indexed and searched"):
        check_runtime(programs, folder)
    with step("training and export say which extra they need"):
        check_extras(programs, folder)
    with step("a caller's code passes mypy --strict"):
        check_types(programs, folder)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print ``name`` and how long it took."""
    begin = time.monotonic()
    yield
    print(f"{time.monotonic() - begin:5.1f} s  {name}", flush=True)


def build(out: Path) -> tuple[Path, Path]:
    """Return the wheel, made from the sdist, and the sdist."""
    run([sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)], out.parent)
    return only(out, "*.whl"), only(out, "*.tar.gz")


def only(folder: Path, pattern: str) -> Path:
    """Return the one file of ``folder`` that fits ``pattern``."""
    files = list(folder.glob(pattern))
    if len(files) != 1:
        raise ReleaseError(f"{folder} has {len(files)} files {pattern}, expected one")
    return files[0]


def check_wheel(wheel: Path) -> None:
    """Compare the wheel with the three packages of the checkout, file by file."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = set(package_files())
    if names != expected:
        lacks, more = sorted(expected - names), sorted(names - expected)
        raise ReleaseError(f"{wheel.name} lacks {lacks}, and holds {more}, which the three packages do not have")
    check_kinds(names, PHOTOS | WEIGHTS, wheel)
    if wheel.stat().st_size > LARGEST:
        raise ReleaseError(f"{wheel.name} has {wheel.stat().st_size} bytes, expected at most {LARGEST}")


def package_files() -> Iterator[str]:
    """Yield the files of the three packages, as the wheel should name them."""
    for package, room in PACKAGES.items():
        for path in (ROOT / room / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT / room).as_posix()
        yield f"{package}/py.typed"  # callers' type checkers look for it


def check_sdist(sdist: Path) -> None:
    """Reject an sdist without its tests or documents, or with weights."""
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    lacks = sorted(set(SDIST) - names)
    if lacks:
        raise ReleaseError(f"{sdist.name} lacks {lacks}")
    check_kinds(names, WEIGHTS, sdist)


def check_kinds(names: set[str], unwanted: set[str], archive: Path) -> None:
    """Reject files whose kind does not belong into an archive."""
    found = sorted(name for name in names if Path(name).suffix.lower() in unwanted)
    if found:
        raise ReleaseError(f"{archive.name} holds {found}")


def make_bundle(folder: Path) -> None:
    """Draw garments, train on them for one epoch and export: ``folder/garments``, ``run`` and ``bundle``."""
    commands = Path(sys.executable).parent
    run([sys.executable, "-m", "fashionsdk_training.garments", "garments", "--train", "64", "--valid", "32"], folder)
    labels = ["--data", "garments/labels.csv"]
    recipe = ["--recipe", "asen_v2_demo", "--epochs", "1", "--device", "cpu"]
    run([str(commands / "fashionsdk-train"), *labels, "--out", "run", *recipe], folder)
    run([str(commands / "fashionsdk-build-engine"), "run/best", "--out", "bundle"], folder)


def install(wheel: Path, environment: Path) -> Path:
    """Install the wheel with the extra cpu into an empty environment; return the folder of its programs."""
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    run([str(programs / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[cpu]"], environment)
    return programs


def check_runtime(programs: Path, folder: Path) -> None:
    """Import, check the bundle, index and search, all from the installed wheel."""
    where = run([str(programs / "python"), "-c", IMPORTS], folder).stdout.strip()
    if not Path(where.split()[0]).is_relative_to(programs.parent):
        raise ReleaseError(f"fashionsdk was imported from {where}, expected {programs.parent}")
    command = str(programs / "fashionsdk")
    run([command, "--help"], folder)
    run([command, "check", "bundle"], folder)
    run([command, "index", "bundle", "garments/images", "--out", "photos.gallery"], folder)
    photo = str(min((folder / "garments" / "images").iterdir()))
    answer = run(
        [command, "search", "bundle", "photos.gallery", photo, "--attribute", "neckline_design", "-k", "3"], folder
    )
    if Path(photo).name not in answer.stdout:
        raise ReleaseError(f"searching with {photo} does not find it: {answer.stdout}")


def check_extras(programs: Path, folder: Path) -> None:
    """Without PyTorch each command answers --help, and its work ends in one line that says what to install."""
    for name in COMMANDS:
        run([str(programs / f"fashionsdk-{name}"), "--help"], folder)
    labels = ["--data", "garments/labels.csv"]
    work = {
        "train": [*labels, "--out", "other"],
        "evaluate": ["run/best", *labels],
        "add-attribute": ["run/best", *labels, "--attribute", "neckline_design", "--out", "other"],
        "import-original": ["original.pth.tar", "--model", "asen", *labels, "--out", "other"],
        "build-engine": ["run/best", "--out", "other"],
        "triton-repository": ["bundle", "--out", "other", "--backend", "onnx"],
    }
    for name in COMMANDS:
        check_missing_extra([str(programs / f"fashionsdk-{name}"), *work[name]], folder)


def check_missing_extra(command: Sequence[str], folder: Path) -> None:
    """Reject any other end of ``command`` than one line that names the extra, and exit code 1."""
    extra = f"fashionsdk[{EXTRAS.get(Path(command[0]).name, 'training')}]"
    ended = start(command, folder)
    lines = ended.stderr.strip().splitlines()
    if ended.returncode != 1 or len(lines) != 1 or extra not in lines[0]:
        told = f"{ended.stdout}{ended.stderr}".strip()
        raise ReleaseError(
            f"{Path(command[0]).name} without PyTorch: exit code {ended.returncode} and {told!r}; "
            f"expected exit code 1 and one line that says how to install {extra}"
        )


def check_types(programs: Path, folder: Path) -> None:
    """Check a few lines of a caller against the installed wheel's types."""
    (folder / "consumer.py").write_text(CONSUMER)
    python = str(programs / "python")
    run([sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "consumer.py"], folder)


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in ``folder``; what it said is shown if it fails."""
    ended = start(command, folder)
    if ended.returncode:
        told = f"{ended.stdout}{ended.stderr}".strip()
        raise ReleaseError(f"{' '.join(command)} ended with exit code {ended.returncode}:\n{told}")
    return ended


def start(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in ``folder`` without what would let it see the checkout."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MYPYPATH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    raise SystemExit(main())
