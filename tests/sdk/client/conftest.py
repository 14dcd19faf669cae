"""A small shop behind a real server: a bundle that tells values apart, a gallery in a folder, and its photos."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fashionsdk import Client, Embedder, Matcher
from fashionsdk.bundle import Manifest, Reference
from fashionsdk.service import Limits, Settings, create_app
from tests.sdk.client.running import serving
from tests.sdk.telling_shop import draw_photos, fill_gallery, telling_bundle

COUNT = 12


def key_of(index: int) -> str:
    return f"{'deep/' if index % 2 else ''}item {index:02}%?#.png"


KEYS = [key_of(index) for index in range(COUNT)]


@pytest.fixture(scope="session")
def served_bundle(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest, reference: Reference, graph_file: Path
) -> Path:
    return telling_bundle(tmp_path_factory.mktemp("client") / "bundle", manifest, reference, graph_file)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_photos(tmp_path_factory.mktemp("client-images"), KEYS)


@pytest.fixture(scope="session")
def kept_gallery(tmp_path_factory: pytest.TempPathFactory, served_bundle: Path, images: Path) -> Path:
    folder = tmp_path_factory.mktemp("client-galleries") / "shop"
    entries = [{"price": 10 * index, "brand": "ab"[index % 2]} for index in range(COUNT)]
    return fill_gallery(folder, served_bundle, images, KEYS, entries)


@pytest.fixture(scope="session")
def read_only_service(served_bundle: Path, kept_gallery: Path, images: Path) -> Iterator[str]:
    """The address of a service for tests that only read."""
    settings = Settings(
        bundle=served_bundle, gallery=f"{kept_gallery}/", photos=images, read_only=True, limits=Limits(seconds=30)
    )
    with serving(create_app(settings)) as address:
        yield address


@pytest.fixture
def gallery(tmp_path: Path, kept_gallery: Path) -> str:
    """The address of a gallery that a test may change."""
    shutil.copytree(kept_gallery, tmp_path / "shop")
    return f"{tmp_path / 'shop'}/"


@pytest.fixture
def settings(served_bundle: Path, gallery: str, images: Path) -> Settings:
    return Settings(bundle=served_bundle, gallery=gallery, photos=images, limits=Limits(seconds=30))


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[..., str]]:
    """Start services, whose settings may be changed by name, and return their addresses; they end with the test."""
    with ExitStack() as running:

        def start(**changes: Any) -> str:
            return running.enter_context(serving(create_app(replace(settings, **changes))))

        yield start


@pytest.fixture
def service(start: Callable[..., str]) -> str:
    """The address of a service whose gallery may be changed."""
    return start()


@pytest.fixture(scope="session")
def reader(read_only_service: str) -> Iterator[Client]:
    """A client for tests that only read."""
    with Client(read_only_service, timeout=60) as client:
        yield client


@pytest.fixture
def client(service: str) -> Iterator[Client]:
    """A client of a service whose gallery may be changed."""
    with Client(service, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def embedder(served_bundle: Path) -> Iterator[Embedder]:
    """The model, called directly."""
    with Embedder(served_bundle) as opened:
        yield opened


@pytest.fixture(scope="session")
def matcher(kept_gallery: Path, embedder: Embedder) -> Iterator[Matcher]:
    """The gallery as it is at first, asked directly."""
    with Matcher.open(f"{kept_gallery}/", read_only=True, values=embedder.values) as opened:
        yield opened
