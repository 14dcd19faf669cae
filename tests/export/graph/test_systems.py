"""Bundles of the systems without an original pass their check; ``tests/golden`` has the systems with one."""

import numpy as np
import pytest
import torch

from fashionsdk import Embedder
from fashionsdk.cli import main as fashionsdk
from tests.export.graphs import NETWORKS, SIDE, assert_bundles_take, checkpoint
from tests.golden import originals

GRAPH_ATOL = 1e-5  # another library's convolutions; 4e-7 measured


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_exports_only_what_a_bundle_may_hold(name, graph_of):
    assert_bundles_take(graph_of(name))


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in originals.PROGRAMS])
def test_a_bundle_checks_itself_and_embeds_like_pytorch(name, exported, capsys):
    bundle = exported(name).path
    assert fashionsdk(["check", str(bundle), "--device", "cpu"]) == 0
    assert "ok: 4 reference images" in capsys.readouterr().out
    images = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    with torch.inference_mode():
        expected = checkpoint(name).build()(torch.from_numpy(images))
    got = Embedder(bundle, device="cpu").embed(images, attention=expected.attention is not None)
    np.testing.assert_allclose(got.vectors, expected.embeddings, rtol=0, atol=GRAPH_ATOL)
    if expected.attention is not None:
        assert got.attention is not None
        np.testing.assert_allclose(got.attention, expected.attention, rtol=0, atol=GRAPH_ATOL)
