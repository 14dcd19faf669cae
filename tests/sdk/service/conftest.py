"""A small shop behind the service: photos in a folder, a gallery of them, and a bundle that tells values apart."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fashionsdk import Embedder
from fashionsdk.bundle import Manifest, Reference
from fashionsdk.search import Matcher
from fashionsdk.service import Limits, Settings
from tests.sdk.service.in_process import InProcess
from tests.sdk.telling_shop import draw_photos, fill_gallery, telling_bundle

COUNT = 12
COLOURS = ("red", "blue", "green")


def photo_name(index: int) -> str:
    return f"{'deep/' if index % 2 else ''}{index:02}.png"


NAMES = [photo_name(index) for index in range(COUNT)]


def entry(index: int) -> dict[str, Any]:
    """Return the metadata of an item."""
    return {"price": 10 * index, "brand": COLOURS[index % 3], "tags": ["new"] if index < 4 else []}


@pytest.fixture(scope="session")
def telling(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest, reference: Reference, graph_file: Path
) -> Path:
    """The tiny bundle, with its vectors' first numbers read as roots of probabilities."""
    return telling_bundle(tmp_path_factory.mktemp("served") / "bundle", manifest, reference, graph_file)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the items' photos, for tests that only read it."""
    return draw_photos(tmp_path_factory.mktemp("images"), NAMES)


@pytest.fixture(scope="session")
def kept_gallery(tmp_path_factory: pytest.TempPathFactory, telling: Path, images: Path) -> Path:
    folder = tmp_path_factory.mktemp("galleries") / "shop"
    return fill_gallery(folder, telling, images, NAMES, [entry(index) for index in range(COUNT)])


@pytest.fixture
def gallery(tmp_path: Path, kept_gallery: Path) -> str:
    """The address of a gallery that a test may change."""
    folder = tmp_path / "shop"
    shutil.copytree(kept_gallery, folder)
    return f"{folder}/"


@pytest.fixture
def settings(telling: Path, gallery: str, images: Path) -> Settings:
    return Settings(bundle=telling, gallery=gallery, photos=images, limits=Limits(seconds=30))


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[..., InProcess]]:
    """Start services, whose settings may be changed by name; they end with the test."""
    started: list[InProcess] = []

    def start(**changes: Any) -> InProcess:
        started.append(InProcess(replace(settings, **changes)))
        return started[-1]

    yield start
    for running in started:
        running.close()


@pytest.fixture
def shop(start: Callable[..., InProcess]) -> InProcess:
    """The service, as it is without any option."""
    return start()


@pytest.fixture(scope="session")
def embedder(telling: Path) -> Iterator[Embedder]:
    """The model, called directly."""
    with Embedder(telling) as opened:
        yield opened


@pytest.fixture
def matcher(gallery: str, embedder: Embedder) -> Iterator[Matcher]:
    """The gallery, asked directly."""
    with Matcher.open(gallery, read_only=True, values=embedder.values) as opened:
        yield opened


@pytest.fixture(scope="session")
def photo(images: Path) -> bytes:
    """A photo's file."""
    return (images / photo_name(0)).read_bytes()
