"""No node of an exported graph stays on the host when ONNX Runtime runs it with CUDA, so CUDA graphs can record it."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from fashionsdk_export.graph import export_graph
from fashionsdk_export.precision.half import spell_out_norms, to_half
from fashionsdk_training.models.attribute_model import unit
from tests.export.graph.cuda_kernels import left_on_the_host
from tests.export.graphs import NETWORKS
from tests.long_ones import long_but


@pytest.mark.parametrize("network", long_but({"csn", "cam"}, NETWORKS))
def test_every_network_computes_on_the_device_in_float32_and_in_half(graph_of, network):
    graph = graph_of(network)
    assert left_on_the_host(graph) == []
    for half in (to_half(graph), to_half(spell_out_norms(graph))):
        assert left_on_the_host(onnx.shape_inference.infer_shapes(half)) == []


class Normalised(nn.Module):
    """Photos as unit vectors."""

    def __init__(self, normalise):
        super().__init__()
        self.normalise = normalise

    def forward(self, photos):
        return self.normalise(photos.float().flatten(1))[:, None]


def expanded(vectors):
    return nn.functional.normalize(vectors, dim=-1)


@pytest.mark.slow
def test_a_norm_that_is_expanded_to_the_batch_is_found(tmp_path, one_export_table):
    export_graph(Normalised(expanded), (8, 8), tmp_path / "expanded.onnx", attention=False)
    export_graph(Normalised(unit), (8, 8), tmp_path / "broadcast.onnx", attention=False)
    left = {line.split()[0] for line in left_on_the_host(onnx.load(tmp_path / "expanded.onnx"))}
    assert {"Shape", "Expand"} <= left
    assert left_on_the_host(onnx.load(tmp_path / "broadcast.onnx")) == []


def test_vectors_of_unit_length_are_those_of_torch_to_the_last_bit():
    vectors = torch.from_numpy(np.random.default_rng(0).normal(size=(7, 3, 20)).astype(np.float32))
    vectors[2, 1], vectors[3, 1] = 0, 1e-14
    assert torch.equal(unit(vectors), expanded(vectors))
