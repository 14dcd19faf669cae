"""ASEN++: its branches, and the regions that its local branch looks at."""

import math

import pytest
import torch

from fashionsdk_training.models.parts.regions import crop
from tests.training.conftest import SYSTEMS, photos, trained_like

SAME_ATOL = 1e-6  # the same arithmetic on other batches; 2e-7 measured


def asen_pp():
    return trained_like(SYSTEMS["asen_pp"], 3)


@torch.inference_mode()
def test_asen_pp_joins_its_branches_by_beta():
    encoded = asen_pp()(photos())
    whole, part = encoded.branches
    expected = torch.cat([math.sqrt(0.6) * whole, math.sqrt(0.4) * part], dim=-1)
    torch.testing.assert_close(encoded.embeddings, expected, rtol=0, atol=0)
    for vectors in (whole, part):
        torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(2, 3))


@torch.inference_mode()
def test_asen_pp_looks_at_each_attributes_region_of_the_picture():
    model = asen_pp()
    pixels = model.normalise(photos())
    encoded = model.encode(pixels)
    regions = model.regions(encoded.attention, 48)
    for i in range(2):
        reduced = crop(pixels[i], torch.tensor([0.0, 0.0, 48.0]), 24)
        whole = torch.nn.functional.normalize(model.global_branch.encode(reduced[None]).embeddings[0], dim=-1)
        torch.testing.assert_close(encoded.branches[0][i], whole, rtol=0, atol=SAME_ATOL)
        for a in range(3):
            cut = crop(pixels[i], regions[i, a], 16)
            part = torch.nn.functional.normalize(model.local_branch.encode(cut[None]).embeddings[0, a], dim=-1)
            torch.testing.assert_close(encoded.branches[1][i, a], part, rtol=0, atol=SAME_ATOL)
    alone = model.encode_global(pixels)
    assert torch.equal(alone.embeddings, encoded.branches[0])
    assert torch.equal(alone.attention, encoded.attention)


@torch.inference_mode()
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_needed_pairs_of_asen_pp_are_those_of_the_full_computation(share):
    model = asen_pp()
    needed = torch.rand(4, 3, generator=torch.Generator().manual_seed(1)) < share
    full, part = model(photos(4)), model(photos(4), needed)
    torch.testing.assert_close(part.embeddings[needed], full.embeddings[needed], rtol=0, atol=SAME_ATOL)
    assert torch.equal(part.branches[0], full.branches[0])
    assert not part.branches[1][~needed].any()


def test_needed_pairs_of_asen_pp_reach_both_branches():
    model = asen_pp().train()
    encoded = model(photos(4), torch.tensor([[True, False, False]]).expand(4, 3))
    (encoded.embeddings[:, 0] * torch.linspace(-1, 1, model.dimension)).sum().backward()
    without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert without == []
    for branch in (model.global_branch, model.local_branch):
        assert sum(float(parameter.grad.abs().sum()) for parameter in branch.backbone.parameters()) > 0
