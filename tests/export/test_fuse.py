"""The static network and its graph give what the trained network gives."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from fashionsdk_export.fuse import fuse
from fashionsdk_export.graph import export_graph
from fashionsdk_training.models import AttributeModel, build_model
from tests.training.conftest import TINY

SIDE = 64
FOLD_ATOL = 1e-6  # folding only reorders float32 sums; 3e-7 measured
GRAPH_ATOL = 1e-5  # another library's convolutions; 6e-7 measured


@pytest.fixture(scope="module")
def model() -> AttributeModel:
    """A tiny network whose batch-norm statistics are not the initial ones."""
    torch.manual_seed(0)
    model = build_model(TINY, 5)
    for _ in range(3):
        model(images(8))
    return model.eval()


@pytest.fixture(scope="module")
def graph(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_graph(fuse(model, range(5)), SIDE, path)
    return path


def images(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)


@torch.inference_mode()
def test_folding_the_attribute_branch_changes_nothing(model):
    static, conditional = fuse(model, range(5))(images(4)), model(images(4))
    for got, expected in zip(static, conditional, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=FOLD_ATOL)


@torch.inference_mode()
def test_fewer_attributes_in_another_order_are_the_same_columns(model):
    embeddings, attention = fuse(model, [3, 0])(images(4))
    expected = model(images(4))
    torch.testing.assert_close(embeddings, expected.embeddings[:, [3, 0]], rtol=0, atol=FOLD_ATOL)
    torch.testing.assert_close(attention, expected.attention[:, [3, 0]], rtol=0, atol=FOLD_ATOL)


def test_fusing_leaves_the_model_alone(model):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fuse(model, range(5))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_one_graph_answers_any_batch_like_pytorch(model, graph, batch):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    got = session.run(["embeddings", "attention"], {"images": images(batch, seed=batch).numpy()})
    with torch.inference_mode():
        expected = model(images(batch, seed=batch))
    for array, tensor in zip(got, expected, strict=True):
        np.testing.assert_allclose(array, tensor, rtol=0, atol=GRAPH_ATOL)


def test_the_graph_takes_bytes_and_runs_the_backbone_once(graph):
    loaded = onnx.load(graph).graph
    (images_input,) = loaded.input
    assert images_input.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    convolutions = sum(isinstance(m, torch.nn.Conv2d) for m in build_model(TINY, 5).modules())
    assert sum(node.op_type == "Conv" for node in loaded.node) == convolutions


def test_the_graph_carries_no_path_of_the_exporting_machine(graph):
    content = graph.read_bytes()
    assert b".py" not in content
    assert b"site-packages" not in content


def test_a_network_without_a_static_form_is_an_error():
    with pytest.raises(TypeError, match="no static form of Linear"):
        fuse(torch.nn.Linear(1, 1), [0])
