"""A tiny hand-made model, its bundle, and photos to embed."""

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from fashionsdk.attributes import Attribute
from fashionsdk.bundle import Bundle, GraphInfo, Manifest, ModelInfo, Reference
from fashionsdk.cli import main
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk.values import Posterior

SIDE, DIMENSION, CELLS = 16, 8, 4  # S, D, and h = w
ATTRIBUTES = (
    Attribute("neckline", ("round", "v")),
    Attribute("sleeve", ("short", "long", "none")),
    Attribute("colour", ("red", "blue")),
)


class TinyModel:
    """Mean colours of 4 x 4 cells, projected and normalised for each attribute; attention is a softmax over cells."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        count = len(ATTRIBUTES)
        self.projection = rng.normal(size=(3 * CELLS * CELLS, count * DIMENSION)).astype(np.float32)
        self.bias = rng.normal(size=count * DIMENSION).astype(np.float32)
        self.query = rng.normal(size=(count, 3)).astype(np.float32)

    def answers(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return embeddings (B, A, D) and attention (B, A, h, w), computed by numpy in float64."""
        step = SIDE // CELLS
        cells = images.astype(np.float64).reshape(-1, CELLS, step, CELLS, step, 3).mean(axis=(2, 4)) / 255
        flat = cells.transpose(0, 3, 1, 2).reshape(len(images), -1)
        vectors = (flat @ self.projection + self.bias).reshape(-1, len(ATTRIBUTES), DIMENSION)
        vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
        weights = np.exp(np.einsum("bhwc,ac->bahw", cells, self.query))
        weights /= weights.sum(axis=(2, 3), keepdims=True)
        return vectors.astype(np.float32), weights.astype(np.float32)

    def graph(self) -> onnx.ModelProto:
        """Return the same computation as an ONNX graph with a dynamic batch size."""
        count, step = len(ATTRIBUTES), SIDE // CELLS
        constants: dict[str, Any] = {
            "scale": np.array(255, np.float32),
            "projection": self.projection,
            "bias": self.bias,
            "query": self.query[:, :, None, None],
            "flat_shape": np.array([0, -1]),
            "vector_shape": np.array([0, count, DIMENSION]),
            "row_shape": np.array([0, count, -1]),
            "map_shape": np.array([0, count, CELLS, CELLS]),
        }
        nodes = [
            helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Div", ["float", "scale"], ["unit"]),
            helper.make_node("Transpose", ["unit"], ["nchw"], perm=[0, 3, 1, 2]),
            helper.make_node("AveragePool", ["nchw"], ["cells"], kernel_shape=[step] * 2, strides=[step] * 2),
            helper.make_node("Reshape", ["cells", "flat_shape"], ["flat"]),
            helper.make_node("Gemm", ["flat", "projection", "bias"], ["projected"]),
            helper.make_node("Reshape", ["projected", "vector_shape"], ["vectors"]),
            helper.make_node("ReduceL2", ["vectors"], ["lengths"], axes=[-1]),
            helper.make_node("Div", ["vectors", "lengths"], ["embeddings"]),
            helper.make_node("Conv", ["cells", "query"], ["scores"]),
            helper.make_node("Reshape", ["scores", "row_shape"], ["rows"]),
            helper.make_node("Softmax", ["rows"], ["weights"], axis=-1),
            helper.make_node("Reshape", ["weights", "map_shape"], ["attention"]),
        ]
        graph = helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", SIDE, SIDE, 3])],
            [
                helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["B", count, DIMENSION]),
                helper.make_tensor_value_info("attention", TensorProto.FLOAT, ["B", count, CELLS, CELLS]),
            ],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture(scope="session")
def tiny_model() -> TinyModel:
    return TinyModel()


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return Manifest(
        model=ModelInfo("tiny", "none", DIMENSION, digest="0123456789abcdef" * 4),
        attributes=ATTRIBUTES,
        preprocessing=Preprocessing(SIDE),
        attention_shape=(CELLS, CELLS),
        graphs=(GraphInfo("model.fp32.onnx", "fp32", 17, {"max_abs_difference": 1e-7, "min_cosine": 1.0}),),
        history=({"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}),
        metrics={"map": 0.5},
        created_by={"onnx": onnx.__version__},
        extra={"note": ["kept", {"as": "it is"}]},
    )


@pytest.fixture(scope="session")
def reference(tiny_model: TinyModel) -> Reference:
    images = np.random.default_rng(1).integers(0, 256, (6, SIDE, SIDE, 3), dtype=np.uint8)
    return Reference(images, *tiny_model.answers(images))


@pytest.fixture(scope="session")
def graph_file(tiny_model: TinyModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "tiny.onnx"
    onnx.save(tiny_model.graph(), path)
    return path


@pytest.fixture
def write_bundle(tmp_path: Path, manifest: Manifest, reference: Reference, graph_file: Path) -> Callable[..., Bundle]:
    """Write the tiny bundle to ``tmp_path / "bundle"``; arguments replace what is written."""

    def write(**changes: Any) -> Bundle:
        arguments: dict[str, Any] = {
            "out": tmp_path / "bundle",
            "manifest": manifest,
            "graphs": {"model.fp32.onnx": graph_file},
            "reference": reference,
        }
        return Bundle.write(**(arguments | changes))

    return write


@pytest.fixture
def written(write_bundle: Callable[..., Bundle]) -> Path:
    """The folder of a tiny bundle that a test may break."""
    return write_bundle().path


@pytest.fixture(scope="session")
def bundle(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest, reference: Reference, graph_file: Path
) -> Bundle:
    """The tiny bundle, for tests that only read it."""
    out = tmp_path_factory.mktemp("bundles") / "tiny"
    graphs = {"model.fp32.onnx": graph_file}
    return Bundle.write(out, manifest=manifest, graphs=graphs, reference=reference)


@pytest.fixture
def telling(write_bundle: Callable[..., Bundle], manifest: Manifest) -> Path:
    """The tiny bundle, with its vectors' first numbers read as roots of probabilities."""
    places = {"neckline": Posterior(0, 1.0), "sleeve": Posterior(2, 2.0)}
    return write_bundle(manifest=replace(manifest, model=replace(manifest.model, posteriors=places))).path


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Return twelve small JPEG files of different sizes."""
    rng = np.random.default_rng(2)
    paths = [tmp_path / f"photo{i:02}.jpg" for i in range(12)]
    for i, path in enumerate(paths):
        Image.fromarray(rng.integers(0, 256, (20 + i, 40 - i, 3), dtype=np.uint8)).save(path, quality=95)
    return paths


@pytest.fixture(scope="session")
def jpeg_bytes() -> bytes:
    """Return a whole JPEG file of 24 x 32."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(3).integers(0, 256, (32, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight photos in a folder, one of them damaged, and a table of the others; the working folder is above."""
    folder = tmp_path / "shop"
    (folder / "deep").mkdir(parents=True)
    random = np.random.default_rng(4)
    rows = ["image,split,colour,neckline"]
    for index in range(8):
        name = f"{'deep/' if index % 2 else ''}{index}.png"
        Image.fromarray(random.integers(0, 256, (24, 18, 3), dtype=np.uint8)).save(folder / name)
        rows.append(
            f"{name},{'valid' if index < 7 else 'train'},{('red', 'blue')[index % 2]},{('v', 'round')[index // 4]}"
        )
    (folder / "deep" / "bad.jpg").write_bytes(b"not a photo")
    (folder / "labels.csv").write_text("\n".join(rows))
    (folder / ".hidden.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command; returns its exit code, stdout and stderr."""

    def run(*argv: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def gallery(run: Callable[..., tuple[int, str, str]], bundle: Bundle, shop: Path) -> str:
    assert run("index", bundle.path, "shop", "--out", "shop.gallery")[0] == 0
    return "shop.gallery"


@pytest.fixture
def clean_environment() -> dict[str, str]:
    """The environment without what would silence a runtime's telemetry, or bend its choices."""
    silenced = ("CI", "TF_BUILD", "JENKINS_URL", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")
    return {key: value for key, value in os.environ.items() if key not in silenced}
