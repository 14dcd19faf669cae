"""The loss of each network, against sums of losses that have their own tests."""

from dataclasses import replace

import pytest
import torch

from fashionsdk_training.config import Objective
from fashionsdk_training.loop.step.criterion import Criterion
from fashionsdk_training.loop.step.losses import BatchTripletLoss, TripletLoss, alignment_loss, classification_loss
from fashionsdk_training.models import build_model
from tests.training.conftest import PAPER_SYSTEMS, trained_like

LABELS = torch.tensor([[0, 1], [0, 0], [1, 1], [1, 0], [0, -1], [-1, 1]])
TRIPLETS = torch.tensor([[0, 1, 2, 0], [2, 0, 3, 1]])
SHOWN = torch.tensor([[1, 1], [1, 0], [1, 1], [0, 1], [0, 0], [0, 0]], dtype=torch.bool)  # by TRIPLETS
PAPER = Objective(proxy_weight=0.0)
BOTH = pytest.mark.parametrize("triplets", [None, TRIPLETS])


def photos(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8, generator=generator)


def criterion(system, objective=PAPER):
    return Criterion(trained_like(PAPER_SYSTEMS[system], 2), objective, [2, 2]).eval()


def metric(embeddings, triplets):
    return BatchTripletLoss()(embeddings, LABELS) if triplets is None else TripletLoss()(embeddings, triplets)


@torch.no_grad()
@BOTH
@pytest.mark.parametrize("system", [name for name in PAPER_SYSTEMS if name not in ("asen_pp", "ag_man")])
def test_most_networks_minimise_the_triplet_loss_alone(system, triplets):
    trained = criterion(system)
    expected = metric(trained.model(photos()).embeddings, triplets)
    torch.testing.assert_close(trained(photos(), LABELS, triplets), expected)
    assert float(expected) > 0


@torch.no_grad()
@BOTH
def test_a_proxy_loss_is_added_over_all_labels(triplets):
    trained = criterion("asen", Objective(triplet_weight=0.5, proxy_weight=2.0))
    embeddings = trained.model(photos()).embeddings
    expected = 0.5 * metric(embeddings, triplets) + 2 * trained.proxy(embeddings, LABELS)
    torch.testing.assert_close(trained(photos(), LABELS, triplets), expected)


@torch.no_grad()
@BOTH
def test_stage_one_of_asen_pp_trains_the_global_branch(triplets):
    trained = criterion("asen_pp")
    trained.global_only = True
    whole, _ = trained.model(photos()).branches
    torch.testing.assert_close(trained(photos(), LABELS, triplets), metric(whole, triplets))


@torch.no_grad()
@BOTH
@pytest.mark.parametrize("proxy_weight", [0.0, 1.5])
def test_stage_two_of_asen_pp_adds_the_local_branch_and_aligns_both(triplets, proxy_weight):
    trained = criterion("asen_pp", Objective(proxy_weight=proxy_weight, local_weight=0.2, alignment_weight=0.7))
    whole, part = trained.model(photos()).branches
    expected = metric(whole, triplets) + 0.2 * metric(part, triplets)
    expected += 0.7 * alignment_loss(whole, part, LABELS >= 0 if triplets is None else SHOWN)
    if proxy_weight:
        expected += 1.5 * (trained.proxy(whole, LABELS) + 0.2 * trained.local_proxy(part, LABELS))
    torch.testing.assert_close(trained(photos(), LABELS, triplets), expected)


@torch.no_grad()
def test_the_papers_alignment_of_three_photos_is_three_tenths():
    """The sum over anchor, positive and negative of 0.1 times their mean, where no photo takes two parts."""
    trained = criterion("asen_pp", replace(PAPER, local_weight=0.0, alignment_weight=0.3))
    triplets = torch.tensor([[0, 1, 2, 0], [3, 4, 5, 0]])
    whole, part = trained.model(photos()).branches
    cosines = (whole * part).sum(dim=-1)[:, 0]
    thirds = [cosines[list(column)] for column in ((0, 3), (1, 4), (2, 5))]
    expected = TripletLoss()(whole, triplets) + 0.1 * sum(torch.relu(1 - third).mean() for third in thirds)
    torch.testing.assert_close(trained(photos(), LABELS, triplets), expected)


@torch.no_grad()
@BOTH
def test_ag_man_classifies_the_attributes_that_its_photos_stand_for(triplets):
    trained = criterion("ag_man", replace(PAPER, classification_weight=0.4))
    encoded = trained.model(photos())
    shown = LABELS >= 0 if triplets is None else SHOWN
    expected = metric(encoded.embeddings, triplets) + 0.4 * classification_loss(encoded.class_logits, shown)
    torch.testing.assert_close(trained(photos(), LABELS, triplets), expected)


@torch.no_grad()
def test_ag_man_weighs_its_losses_automatically_if_set():
    trained = criterion("ag_man", replace(PAPER, automatic_weights=True))
    encoded = trained.model(photos())
    losses = [metric(encoded.embeddings, None), classification_loss(encoded.class_logits, LABELS >= 0)]
    torch.testing.assert_close(trained(photos(), LABELS, None), trained.weigh(losses))
    assert criterion("asen", replace(PAPER, automatic_weights=True)).weigh is None


def test_a_batch_without_labels_gives_no_loss_and_no_error():
    for system in PAPER_SYSTEMS:
        trained = Criterion(
            build_model(PAPER_SYSTEMS[system], 2).train(), replace(PAPER, classification_weight=0), [2, 2]
        )
        loss = trained(photos(), torch.full((6, 2), -1), None)
        loss.backward()
        assert float(loss.detach()) == 0
