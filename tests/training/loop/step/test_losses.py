"""Losses against loops that anyone can read."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk_training.loop.step.losses import (
    AutomaticWeights,
    BatchTripletLoss,
    ProxyLoss,
    TripletLoss,
    alignment_loss,
    answer_loss,
    classification_loss,
    value_loss,
)
from fashionsdk_training.models import NEVER

MARGIN = 0.2


def unit(shape, seed=0):
    return torch.nn.functional.normalize(torch.from_numpy(np.random.default_rng(seed).normal(size=shape)), dim=-1)


def test_triplet_loss_is_the_papers_formula():
    embeddings = unit((5, 2, 4))
    triplets = torch.tensor([[0, 1, 2, 0], [3, 4, 0, 1]])
    losses = [
        max(0.0, MARGIN - float(embeddings[a, t] @ embeddings[p, t]) + float(embeddings[a, t] @ embeddings[n, t]))
        for a, p, n, t in triplets.tolist()
    ]
    assert float(TripletLoss(MARGIN)(embeddings, triplets)) == pytest.approx(sum(losses) / 2)


def obvious_batch_loss(embeddings, labels):
    anchors = []
    for attribute in range(labels.shape[1]):
        vectors, values = embeddings[:, attribute], labels[:, attribute].tolist()
        for a, anchor in enumerate(values):
            positives = [i for i, v in enumerate(values) if v == anchor and i != a]
            negatives = [i for i, v in enumerate(values) if v not in (anchor, -1)]
            if anchor < 0 or not positives or not negatives:
                continue
            losses = [
                MARGIN - float(vectors[a] @ vectors[p]) + float(vectors[a] @ vectors[n])
                for p in positives
                for n in negatives
            ]
            active = [loss for loss in losses if loss > 0]
            anchors.append(sum(active) / len(active) if active else 0.0)
    return sum(anchors) / len(anchors) if anchors else 0.0


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 1)), min_size=2, max_size=7), st.integers(0, 99))
def test_batch_loss_takes_every_valid_triplet_of_every_labelled_attribute(rows, seed):
    labels, embeddings = torch.tensor(rows), unit((len(rows), 2, 3), seed)
    assert float(BatchTripletLoss(MARGIN)(embeddings, labels)) == pytest.approx(obvious_batch_loss(embeddings, labels))


def test_batch_loss_without_a_valid_triplet_is_zero_and_has_a_gradient():
    embeddings = unit((2, 1, 3)).requires_grad_()
    loss = BatchTripletLoss()(embeddings, torch.tensor([[0], [-1]]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert embeddings.grad is not None


def test_proxy_loss_is_cross_entropy_over_all_labels():
    torch.manual_seed(0)
    loss = ProxyLoss([2, 3], dimension=4, scale=8, smoothing=0.0)
    embeddings, labels = unit((3, 2, 4)).float(), torch.tensor([[0, 2], [1, -1], [-1, 0]])
    expected = []
    for photo, attribute in [(0, 0), (0, 1), (1, 0), (2, 1)]:
        proxies = loss.proxies[attribute].detach()
        logits = [8 * float(embeddings[photo, attribute] @ proxy / proxy.norm()) for proxy in proxies]
        expected.append(math.log(sum(map(math.exp, logits))) - logits[labels[photo, attribute]])
    assert float(loss(embeddings, labels).detach()) == pytest.approx(sum(expected) / 4, rel=1e-5)


def test_an_attribute_without_two_values_adds_nothing():
    embeddings, labels = unit((3, 3, 4)).float(), torch.tensor([[0, 0, -1], [1, 0, -1], [0, -1, -1]])
    torch.manual_seed(0)
    loss = ProxyLoss([2, 1, 0], dimension=4)
    alone = ProxyLoss([2], dimension=4)
    alone.load_state_dict({"proxies.0": loss.proxies[0]})
    counted = 3 / 5  # labels of the first attribute among all
    assert float(loss(embeddings, labels).detach()) == pytest.approx(
        counted * float(alone(embeddings[:, :1], labels[:, :1]).detach())
    )


def test_proxies_of_an_unlabelled_batch_still_get_a_gradient():
    loss = ProxyLoss([2, 3], dimension=4)
    loss(unit((2, 2, 4)).float(), torch.full((2, 2), -1)).backward()
    assert all(proxy.grad is not None for proxy in loss.proxies)


pairs_of_photos = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=5)


@given(pairs_of_photos, st.integers(0, 99))
def test_alignment_is_one_minus_the_mean_cosine_of_pairs_of_photos(rows, seed):
    first, second = unit((len(rows), 2, 3), seed), unit((len(rows), 2, 3), seed + 1)
    pairs = [(i, a) for i, row in enumerate(rows) for a, needed in enumerate(row) if needed]
    losses = [max(0.0, 1 - float(first[i, a] @ second[i, a])) for i, a in pairs]
    got = alignment_loss(first, second, torch.tensor(rows))
    assert float(got) == pytest.approx(sum(losses) / max(1, len(losses)))


def test_alignment_of_the_same_vectors_is_zero():
    vectors = unit((4, 3, 5))
    assert float(alignment_loss(vectors, vectors, torch.ones(4, 3, dtype=torch.bool))) == pytest.approx(0, abs=1e-12)


@given(pairs_of_photos, st.integers(0, 99))
def test_classification_is_the_binary_cross_entropy_of_every_attribute(rows, seed):
    logits = np.random.default_rng(seed).normal(scale=3, size=(len(rows), 2))
    shown = np.array(rows)
    probability = 1 / (1 + np.exp(-logits))
    expected = -np.where(shown, np.log(probability), np.log(1 - probability)).mean()
    got = classification_loss(torch.from_numpy(logits), torch.tensor(rows))
    assert float(got) == pytest.approx(expected)


def test_automatic_weights_are_the_originals_formula_and_learn():
    weigh = AutomaticWeights(2)
    losses = [torch.tensor(0.7), torch.tensor(2.0)]
    expected = sum(0.5 * math.exp(1) * loss + 1 for loss in (0.7, 2.0))
    total = weigh(losses)
    assert float(total.detach()) == pytest.approx(expected, rel=1e-6)
    total.backward()
    slopes = [0.5 * math.exp(1) * loss + 1 for loss in (0.7, 2.0)]  # d/ds (0.5 e^s L + s) at s = 1
    assert weigh.scales.grad is not None
    assert weigh.scales.grad.tolist() == pytest.approx(slopes, rel=1e-6)


def test_the_loss_of_values_is_a_photos_smoothed_cross_entropy_summed_over_its_labels():
    rng = np.random.default_rng(3)
    logits, values, smoothing = rng.normal(size=(5, 3, 4)), (4, 2, 1), 0.1
    labels = np.array([[0, 1, 0], [3, -1, 0], [-1, -1, -1], [2, 0, -1], [-1, 1, 0]])
    total = 0.0
    for row, known in zip(logits, labels, strict=True):
        for scores, label, count in zip(row, known, values, strict=True):
            if label < 0 or count == 1:
                continue
            chances = np.exp(scores[:count]) / np.exp(scores[:count]).sum()
            wanted = np.full(count, smoothing / count)
            wanted[label] += 1 - smoothing
            total -= (wanted * np.log(chances)).sum()
    logits[:, np.arange(4) >= np.array(values)[:, None]] = NEVER
    got = value_loss(torch.from_numpy(logits), torch.from_numpy(labels), smoothing)
    assert float(got) == pytest.approx(total / 5)


def test_values_that_no_training_photo_has_get_no_share_of_smoothed_labels():
    seen, labels = torch.tensor([[[1.0, -2.0, 0.5]], [[0.0, 3.0, 1.0]]]), torch.tensor([[2], [1]])
    never = torch.full((2, 1, 2), NEVER)
    logits = torch.cat([never[..., :1], seen, never[..., 1:]], dim=-1).requires_grad_()
    loss = value_loss(logits, labels + 1, 0.1)
    assert float(loss.detach()) == pytest.approx(float(value_loss(seen, labels, 0.1)), rel=1e-6)
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad[..., [0, 4]].any()


def test_without_a_label_the_loss_of_values_is_zero_and_has_a_gradient():
    logits = torch.randn(2, 1, 3, requires_grad=True)
    value_loss(logits, torch.full((2, 1), -1), 0.1).backward()
    assert logits.grad is not None
    assert not logits.grad.any()


def test_the_loss_of_answers_is_a_photos_cross_entropy_summed_over_what_it_is_asked():
    rng = np.random.default_rng(4)
    logits, answers = rng.normal(size=(3, 2, 4)), rng.dirichlet(np.ones(4), size=(3, 2))
    asked = np.array([[True, False], [True, True], [False, False]])
    total = 0.0
    for photo, attribute in zip(*np.nonzero(asked), strict=True):
        scores = logits[photo, attribute]
        total -= (answers[photo, attribute] * np.log(np.exp(scores) / np.exp(scores).sum())).sum()
    got = answer_loss(torch.from_numpy(logits), torch.from_numpy(answers), torch.from_numpy(asked))
    assert float(got) == pytest.approx(total / 3)


def test_a_teachers_answer_for_a_value_that_no_photo_has_does_not_count():
    logits = torch.tensor([[[1.0, NEVER, 0.0]]], requires_grad=True)
    loss = answer_loss(logits, torch.tensor([[[0.5, 0.2, 0.3]]]), torch.tensor([[True]]))
    assert float(loss.detach()) < 2
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, 0, 1] == 0
