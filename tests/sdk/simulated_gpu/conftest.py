"""Machines with a simulated GPU."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fashionsdk.bundle import Bundle, Manifest
from tests.sdk.bundle.bundles import WriteBundle
from tests.sdk.conftest import TinyModel
from tests.sdk.simulated_gpu.machine import Simulate


@pytest.fixture
def simulate(
    monkeypatch: pytest.MonkeyPatch,
    write_bundle: WriteBundle,
    manifest: Manifest,
    graph_file: Path,
    tmp_path: Path,
    tiny_model: TinyModel,
) -> Simulate:
    def write(manifest: Manifest, engines: dict[str, Path]) -> Bundle:
        return write_bundle(manifest=manifest, graphs={"model.fp32.onnx": graph_file, **engines}, overwrite=True)

    return Simulate(monkeypatch, write, manifest, tmp_path, tiny_model)


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns a thousand times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)
