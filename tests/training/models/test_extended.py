"""The layer of an added attribute: bands, evidence, attention."""

import pytest
import torch

from fashionsdk_training.models.extended import BANDS, AddedAttribute, pool_bands

SUM_ATOL = 1e-5  # the same sums in another order


@pytest.mark.parametrize("height", [1, 3, 5, 7, 14])
def test_bands_are_means_over_equal_heights(height):
    features = torch.rand(2, 3, height, 4)
    fine = features.repeat_interleave(BANDS, dim=2)  # h*R rows, so every band is h of them
    expected = torch.stack([band.mean(dim=(2, 3)) for band in fine.split(height, dim=2)], dim=1)
    torch.testing.assert_close(pool_bands(features), expected)


@torch.inference_mode()
@pytest.mark.parametrize("height", [3, 5, 7])
def test_evidence_averages_to_the_logits_and_attention_is_its_softmax(height):
    torch.manual_seed(0)
    added, features = AddedAttribute(3, 6), torch.rand(2, 3, height, 4)
    torch.nn.init.normal_(added.mean)
    torch.nn.init.uniform_(added.deviation, 0.5, 2)
    vectors, attention = added(features)
    probabilities = vectors[:, 0].square()
    evidence = added.evidence(features, probabilities)
    standardised = (pool_bands(features) - added.mean) / added.deviation
    logits = standardised.flatten(1) @ added.classify.weight.T
    torch.testing.assert_close(evidence.mean(dim=(1, 2)), (probabilities * logits).sum(dim=1), rtol=0, atol=SUM_ATOL)
    weights = evidence.flatten(1).exp()
    torch.testing.assert_close(attention.flatten(1), weights / weights.sum(dim=1, keepdim=True), rtol=0, atol=SUM_ATOL)
