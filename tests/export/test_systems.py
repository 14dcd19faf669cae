"""Systems without an original export to a bundle that proves itself; ``tests/golden`` has those with one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fashionsdk import Embedder
from fashionsdk.attributes import Attribute
from fashionsdk.cli import main as fashionsdk
from fashionsdk.preprocessing import Preprocessing
from fashionsdk_export import pipeline, reference
from fashionsdk_training.checkpoint import Checkpoint
from tests.golden import originals
from tests.training.conftest import SYSTEMS, trained_like

SIDE, ATTRIBUTES = 48, 3
GRAPH_ATOL = 1e-5  # another library's convolutions; 4e-7 measured
NETWORKS = {
    **{name: config for name, config in SYSTEMS.items() if name not in originals.PROGRAMS},
    "asen_v2 and two added": replace(SYSTEMS["asen_v2"], added=2),
    "asen with posteriors": replace(SYSTEMS["asen"], values=(2, 4, 3)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_bundle_checks_itself_and_embeds_like_pytorch(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reference, "REFERENCE_IMAGES", 4)  # drawing them takes longer than all else
    config = NETWORKS[name]
    count = ATTRIBUTES + config.added
    model = trained_like(config, count)
    attributes = tuple(Attribute(f"attribute {a}", ("x", "y")) for a in range(count))
    checkpoint = Checkpoint(config, Preprocessing(SIDE), attributes, model.state_dict())
    pipeline.build_bundle(checkpoint, tmp_path / "bundle")
    assert fashionsdk(["check", str(tmp_path / "bundle"), "--device", "cpu"]) == 0
    assert "ok: 4 reference images" in capsys.readouterr().out
    images = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    with torch.inference_mode():
        expected = model(torch.from_numpy(images))
    got = Embedder(tmp_path / "bundle", device="cpu").embed(images, attention=expected.attention is not None)
    np.testing.assert_allclose(got.vectors, expected.embeddings, rtol=0, atol=GRAPH_ATOL)
    if expected.attention is not None:
        np.testing.assert_allclose(got.attention, expected.attention, rtol=0, atol=GRAPH_ATOL)
