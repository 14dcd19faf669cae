"""The programs of docs/guides/processes.md, each in a Python of its own as its file name says."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fashionsdk.bundle import Bundle, Manifest
from fashionsdk.embedding import Embedder
from fashionsdk.search import Matcher
from tests.docs.pages import BLOCK, DOCS

PAGE = (DOCS / "guides/processes.md").read_text(encoding="utf-8")
PROGRAMS = {
    name: block
    for language, block in BLOCK.findall(PAGE)
    if language == "python"
    for name in re.findall(r"\A# (\w+\.py)\n", block)
}

# What gunicorn --preload does with a worker: load the application, fork, answer in the child, leave.
PRELOADED = """
import io, json, os, sys, time
from app import app

def ask(photo):
    said = []
    request = {"wsgi.input": io.BytesIO(photo), "CONTENT_LENGTH": str(len(photo))}
    (body,) = app(request, lambda status, headers: said.append(status))
    return said[0], json.loads(body)

photo = open("query.jpg", "rb").read()
here = ask(photo)
assert here[0] == "200 OK" and len(here[1]["keys"]) == 3, here
child = os.fork()
if child == 0:
    assert ask(photo) == here
    assert ask(b"no photo")[0] == "400 Bad Request"
    sys.exit(0)
for _ in range(2000):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        sys.exit(status)
    time.sleep(0.01)
os.kill(child, 9)
sys.exit("the worker never answered")
"""


@pytest.fixture
def folder(tmp_path: Path, write_bundle: Callable[..., Bundle], manifest: Manifest, photos: list[Path]) -> Path:
    """A folder with the files that the page calls the reader's own."""
    first, *others = manifest.attributes
    bundle = write_bundle(manifest=replace(manifest, attributes=(replace(first, name="neckline_design"), *others)))
    bundle.path.rename(tmp_path / "shop-bundle")
    shutil.copy(photos[0], tmp_path / "query.jpg")
    with Embedder(tmp_path / "shop-bundle") as embedder:
        Matcher([photo.name for photo in photos], embedder.embed(photos)).save(tmp_path / "shop.gallery")
    for name, program in PROGRAMS.items():
        (tmp_path / name).write_text(program)
    return tmp_path


def execute(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_program_of_the_page_is_run():
    assert set(PROGRAMS) == {"service.py", "app.py", "pool.py", "loader.py"}
    assert len(PROGRAMS) == PAGE.count("```python")


def test_the_service_finds_the_photo_itself_each_time(folder: Path):
    lines = execute(folder, "service.py").splitlines()
    assert len(lines) == 4
    assert all(line.startswith("['photo00.jpg', ") for line in lines)


def test_a_preloaded_application_answers_in_its_workers(folder: Path):
    execute(folder, "-c", PRELOADED)


@pytest.mark.slow
def test_the_pool_embeds_every_photo(folder: Path):
    assert execute(folder, "pool.py").count("query.jpg Embeddings(1 image, neckline_design, ") == 3


@pytest.mark.slow  # it imports PyTorch in a process of its own
def test_the_data_loader_gives_batches(folder: Path):
    assert execute(folder, "loader.py").splitlines() == ["(2, 3, 8)"] * 2
