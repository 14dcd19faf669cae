"""The static network and its graph give the trained network's answers."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from fashionsdk_export.graph.onnx_graph import export_graph
from fashionsdk_export.graph.static_network import fuse
from fashionsdk_training.models import AttributeModel, build_model
from tests.training.conftest import SYSTEMS, TINY, trained_like

SIDE = 64
FOLD_ATOL = 1e-6  # folding only reorders float32 sums; 3e-7 measured
GRAPH_ATOL = 1e-5  # another library's convolutions; 6e-7 measured


@pytest.fixture(scope="module")
def model() -> AttributeModel:
    """A tiny network whose batch-norm statistics are not the initial ones."""
    return trained_like(TINY, 5)


@pytest.fixture(scope="module")
def graph(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_graph(fuse(model), (SIDE, SIDE), path)
    return path


def images(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)


@torch.inference_mode()
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("added", [0, 2])
def test_folding_the_attribute_branch_changes_nothing(system, added):
    model = trained_like(replace(SYSTEMS[system], added=added), 3 + added)
    static, expected = fuse(model)(images(4)), model(images(4))
    torch.testing.assert_close(static[0], expected.embeddings, rtol=0, atol=FOLD_ATOL)
    assert len(static) == (1 if expected.attention is None else 2)
    if expected.attention is not None:
        torch.testing.assert_close(static[1], expected.attention, rtol=0, atol=FOLD_ATOL)
    for constant, value in zip(fuse(model).buffers(recurse=False), model.constants(), strict=True):
        assert torch.equal(constant, value)


def test_fusing_leaves_the_model_alone(model):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fuse(model)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_one_graph_answers_any_batch_like_pytorch(model, graph, batch):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    got = session.run(["embeddings", "attention"], {"images": images(batch, seed=batch).numpy()})
    with torch.inference_mode():
        expected = model(images(batch, seed=batch))
    for array, tensor in zip(got, (expected.embeddings, expected.attention), strict=True):
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
