"""An input that is no square, with padding: from a table through training, export and both CPU runtimes to pages."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from fashionsdk import Bundle, Cutout, Embedder, Preprocessing, check
from fashionsdk.backends.tensorrt.run._engine_signature import tensor_shapes
from fashionsdk.cli import main
from fashionsdk.labels import read_labels
from fashionsdk_export.engines import EngineConfig, build_engine
from fashionsdk_export.graph import reference_answers as reference
from fashionsdk_export.parity import CalibrationPhotos
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli import evaluate
from fashionsdk_training.data import load_training_data
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.trainer import Trainer
from tests.training.conftest import tiny_config

GRAPH_ATOL = 1e-5
RUNTIMES = ("onnxruntime", "openvino")


@pytest.fixture(scope="module")
def trained(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The best checkpoint of a short run on photos of 40 x 48 pixels, padded to 64 x 32."""
    folder = tmp_path_factory.mktemp("rectangle")
    config = tiny_config(epochs=1, side=(64, 32), stored_side=(72, 36), fit="pad")
    data = load_training_data(table, config.side, config.stored_side, folder / "photos", fit=config.fit)
    Trainer(config, data, folder / "run", Processes(0, 1, torch.device("cpu"))).fit()
    return folder / "run" / "best"


@pytest.fixture(scope="module")
def bundle(trained: Path, table: Path) -> Bundle:
    photos = CalibrationPhotos(read_labels(table, "train").sources)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "REFERENCE_IMAGES", 4)  # drawing more takes longer than all else
        checkpoint, out = Checkpoint.load(trained), trained.parent / "bundle"
        return build_bundle(checkpoint, out, precisions=("fp32", "int8"), photos=photos).bundle


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 90, 3), dtype=np.uint8)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_both_runtimes_answer_as_the_checkpoint_does(trained, bundle, photo, runtime):
    assert Bundle.open(bundle.path).manifest.preprocessing == Preprocessing((64, 32), fit="pad")
    pixels = Preprocessing((64, 32), fit="pad").read(photo)
    with torch.inference_mode():
        expected = Checkpoint.load(trained).build()(torch.from_numpy(pixels[None]))
    with Embedder(bundle, device="cpu", runtime=runtime) as embedder:
        got = embedder.embed(photo, attention=True)
        boxed = embedder.embed(photo, box=(20, 0, 50, 30)).vectors
        cut, copied = embedder.embed([Cutout(photo, (20, 0, 50, 30)), photo[:, 20:50].copy()]).vectors
        np.testing.assert_allclose(boxed[0], copied, rtol=0, atol=GRAPH_ATOL)
        np.testing.assert_allclose(cut, copied, rtol=0, atol=GRAPH_ATOL)
    np.testing.assert_allclose(got.vectors, expected.embeddings, rtol=0, atol=GRAPH_ATOL)
    assert got.attention is not None
    np.testing.assert_allclose(got.attention, expected.attention, rtol=0, atol=GRAPH_ATOL)
    assert expected.attention.shape[2] == 2 * expected.attention.shape[3]


def test_int8_answers_nearly_alike(bundle, photo):
    full, lower = (
        Embedder(bundle, device="cpu", precision=precision).embed([photo, photo[:, ::-1].copy()])
        for precision in ("fp32", "int8")
    )
    assert (full.vectors * lower.vectors).sum(axis=-1).min() > 0.9
    assert check(bundle.path).ok


def test_an_engine_is_built_of_it(bundle):
    pytest.importorskip("tensorrt_rtx")
    graph = bundle.graph_path("fp32")
    engine = build_engine(graph, "fp32", EngineConfig("tensorrt-rtx", "8.9", max_batch=8))
    convolutions = {node.name for node in onnx.load(graph).graph.node if node.op_type == "Conv"}
    assert {name for layer in engine.layers for name in layer.nodes} >= convolutions
    assert tensor_shapes(bundle)["images"] == (64, 32, 3)


def test_every_pixel_of_the_photo_is_seen(bundle, photo):
    with Embedder(bundle, device="cpu") as embedder:
        first = embedder.embed(photo).vectors
        for end in (slice(None, 20), slice(-20, None)):
            other = photo.copy()
            other[:, end] = 0
            assert not np.array_equal(first, embedder.embed(other).vectors)


def test_the_checkpoint_and_its_bundle_evaluate_alike(trained, bundle, table, capsys):
    results = []
    for model in (trained, bundle.path):
        assert evaluate([str(model), "--data", str(table), "--json"]) == 0
        results.append(json.loads(capsys.readouterr().out)["overall"])
    assert results[0] == results[1]


@pytest.mark.parametrize("arguments", [("attention", "{shop}/4.png"), ("report", "--data", "{shop}", "--no-maps")])
def test_pages_show_photos_at_their_own_proportions(bundle, table, tmp_path, arguments):
    command, *rest = (argument.format(shop=table.parent) for argument in arguments)
    assert main([command, str(bundle.path), *rest, "--out", str(tmp_path / "page.html")]) == 0
    addresses = re.findall(r'"data:image/jpeg;base64,([^"]*)"', (tmp_path / "page.html").read_text())
    sizes = {Image.open(io.BytesIO(base64.b64decode(address))).size for address in addresses}
    assert sizes == {(32, 26)}  # 48 x 40 pixels, two thirds of them
    assert len(addresses) > 2


def test_pointing_maps_boxes_to_the_input(bundle, table, tmp_path, capsys):
    boxes = ["image,attribute,left,top,right,bottom"]
    boxes += [f"{image}.png,colour,0,0,{'1,1' if image % 2 else '0.5,0.5'}" for image in range(40, 60)]
    (tmp_path / "boxes.csv").write_text("\n".join(boxes))
    given = ["--data", str(table), "--split", "valid", "--boxes", str(tmp_path / "boxes.csv"), "--json"]
    assert main(["point", str(bundle.path), *given]) == 0
    answer = json.loads(capsys.readouterr().out)
    hits = 0
    with Embedder(bundle, device="cpu") as embedder:
        for image in range(40, 60):
            attention = embedder.embed(table.parent / f"{image}.png", "colour", attention=True).attention
            assert attention is not None
            row, column = np.unravel_index(attention[0, 0].argmax(), attention.shape[2:])
            x, y = (column + 0.5) / attention.shape[3] * 32, (row + 0.5) / attention.shape[2] * 64
            side = 1 if image % 2 else 0.5
            hits += bool(x <= 32 * side and 19 <= y <= 19 + 26 * side)  # 26 rows of 64, from the 19th on
    assert answer["overall"]["hits"] == hits
    assert answer["overall"]["random"] == pytest.approx(62.5)
