"""A small shop behind the service: photos in a folder, a gallery of them, and a bundle that tells values apart."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashionsdk import Embedder
from fashionsdk.bundle import Bundle, Manifest, Reference
from fashionsdk.search import Matcher, bundle_contract
from fashionsdk.service import Limits, Settings
from fashionsdk.values import Posterior
from tests.sdk.service.in_process import InProcess

COUNT = 12
COLOURS = ("red", "blue", "green")


def photo_name(index: int) -> str:
    return f"{'deep/' if index % 2 else ''}{index:02}.png"


def entry(index: int) -> dict[str, Any]:
    """Return the metadata of an item."""
    return {"price": 10 * index, "brand": COLOURS[index % 3], "tags": ["new"] if index < 4 else []}


@pytest.fixture(scope="session")
def telling(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest, reference: Reference, graph_file: Path
) -> Path:
    """The tiny bundle, with its vectors' first numbers read as roots of probabilities."""
    places = {"neckline": Posterior(0, 1.0), "sleeve": Posterior(2, 2.0)}
    telling = replace(manifest, model=replace(manifest.model, posteriors=places))
    out = tmp_path_factory.mktemp("served") / "bundle"
    return Bundle.write(out, manifest=telling, graphs={"model.fp32.onnx": graph_file}, reference=reference).path


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the items' photos, for tests that only read it."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "deep").mkdir()
    rng = np.random.default_rng(7)
    for index in range(COUNT):
        cells = rng.integers(0, 256, (4, 3, 3), dtype=np.uint8)
        Image.fromarray(cells).resize((60, 80), Image.Resampling.NEAREST).save(folder / photo_name(index))
    return folder


@pytest.fixture(scope="session")
def kept_gallery(tmp_path_factory: pytest.TempPathFactory, telling: Path, images: Path) -> Path:
    folder = tmp_path_factory.mktemp("galleries") / "shop"
    names = [photo_name(index) for index in range(COUNT)]
    with Embedder(telling) as embedder:
        contract = bundle_contract(embedder.bundle, "fp32")
        embeddings = embedder.embed([images / name for name in names])
    with Matcher.open(f"{folder}/", contract=contract, create=True) as matcher:
        matcher.add(names, embeddings, [entry(index) for index in range(COUNT)])
    return folder


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
