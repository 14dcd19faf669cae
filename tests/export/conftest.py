"""Small networks exported once for all workers; a short run's checkpoint and bundle, once a worker; only read."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import onnx
import pytest
import torch

from fashionsdk import Bundle
from fashionsdk._tools.files.atomic_file import locked
from fashionsdk_export import pipeline
from fashionsdk_export.graph import reference_answers as reference
from fashionsdk_export.pipeline import ExportReport
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.trainer import Trainer
from tests.export import graphs
from tests.export.traced_once import exports_by, traced_once
from tests.training.conftest import data, table, tiny_config  # noqa: F401 (fixtures)


@pytest.fixture(scope="session", autouse=True)
def _exports_are_quick(one_export_table: None) -> None:
    """Everything here exports."""


@pytest.fixture(scope="session")
def exported(common: Path) -> Callable[[str], Bundle]:
    """Return a function that exports a network of ``graphs.NETWORKS``, unless another worker has."""
    folder = common / "networks"
    folder.mkdir(exist_ok=True)

    @cache
    def export(network: str) -> Bundle:
        with locked(folder / f"{network}.lock"), pytest.MonkeyPatch.context() as patch:
            if (folder / network).exists():
                return Bundle.open(folder / network)
            patch.setattr(reference, "REFERENCE_IMAGES", 4)  # drawing more takes longer than all else
            return pipeline.build_bundle(graphs.checkpoint(network), folder / network).bundle

    return export


@pytest.fixture(scope="session")
def graph_of(exported: Callable[[str], Bundle]) -> Callable[[str], onnx.ModelProto]:
    """Return a function that gives a network's graph in float32, a new copy each time."""
    return lambda network: onnx.load(exported(network).graph_path("fp32"))


@pytest.fixture(scope="session")
def run(data, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A finished run's best checkpoint."""
    out = tmp_path_factory.mktemp("run")
    Trainer(tiny_config(epochs=1), data, out, Processes(0, 1, torch.device("cpu"))).fit()
    return out / "best"


@pytest.fixture(scope="session")
def export_once(common: Path) -> Callable[..., None]:
    """``export_graph``, which traces each network once for all workers."""
    return traced_once(common / "graphs")


@pytest.fixture
def networks_traced_before(export_once: Callable[..., None]) -> Iterator[None]:
    """Bundles take the graph of a network that was exported before; for tests of all that follows."""
    with exports_by(export_once):
        yield


@pytest.fixture(scope="session")
def report(run: Path, export_once: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """The run's export report, with the bundle."""
    with exports_by(export_once):
        return pipeline.build_bundle(Checkpoint.load(run), tmp_path_factory.mktemp("export") / "bundle")
