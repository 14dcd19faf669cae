"""Masks of CSN and AG-MAN: how they start, and where they apply."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models import AGMAN, CSN, build_model
from tests.training.conftest import SYSTEMS, TINY


def masked(config: ModelConfig, attributes: int) -> CSN | AGMAN:
    model = build_model(config, attributes)
    assert isinstance(model, CSN | AGMAN)
    return model


@pytest.mark.parametrize(("kind", "outside"), [("csn_prior", 0.1), ("csn_fixed", 0.0)])
def test_masks_with_a_prior_start_with_a_block_for_each_attribute(kind, outside):
    masks = masked(SYSTEMS[kind], 3).masks.detach().numpy()
    expected = np.full((3, 20), outside, np.float32)  # 20 // 3 dimensions a block, two are nobody's
    for a in range(3):
        expected[a, 6 * a : 6 * a + 6] = 1
    np.testing.assert_array_equal(masks, expected)


def test_ag_mans_masks_start_with_a_prior():
    masks = masked(SYSTEMS["ag_man"], 4).masks.detach().numpy()
    np.testing.assert_array_equal(masks, np.kron(np.eye(4, dtype=np.float32), np.ones((1, 4), np.float32)) * 0.9 + 0.1)


def test_learnt_masks_start_from_a_normal_law_and_act_where_they_are_positive():
    torch.manual_seed(0)
    model = masked(replace(SYSTEMS["csn"], embedding_dimension=4000), 3)
    masks = model.masks.detach()
    assert float(masks.mean()) == pytest.approx(0.9, abs=0.03)
    assert float(masks.std()) == pytest.approx(0.7, abs=0.03)
    (acting,) = model.constants()
    assert torch.equal(acting, masks.clamp(min=0))
    assert (masks < 0).any()


def test_more_attributes_than_dimensions_have_no_blocks():
    with pytest.raises(ValueError, match="21 attributes share 20 dimensions"):
        build_model(SYSTEMS["csn_fixed"], 21)


def test_prior_masks_of_csn_pass_a_relu_as_learnt_ones_do_and_fixed_ones_do_not_need_it():
    for kind in ("learned", "prior"):
        model = masked(replace(TINY, architecture="csn", masks=kind, embedding_dimension=8), 2)
        with torch.no_grad():
            model.masks[0, 3] = -0.5
        assert model.constants()[0][0, 3] == 0
