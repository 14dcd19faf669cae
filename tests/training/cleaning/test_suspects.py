"""Labels that classifiers contradict: which they are, in which order, and that no classifier saw what it judges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashionsdk import Attribute
from fashionsdk_training.cleaning.suspects import folds_of, out_of_fold, suspect_labels
from fashionsdk_training.errors import DataError


def clusters(count=90, values=3, seed=0):
    """Return features that tell values apart, and the values."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, values, count)
    return (3 * np.eye(values, 6)[truth] + 0.5 * rng.standard_normal((count, 6))).astype(np.float32), truth[:, None]


COLOUR = Attribute("colour", ("blue", "green", "red"))


@pytest.mark.parametrize("seed", range(3))
def test_labels_that_were_changed_come_first_with_what_was_changed(seed):
    features, truth = clusters(seed=seed)
    rng = np.random.default_rng(seed)
    wrong = rng.choice(len(truth), 6, replace=False)
    values = truth.copy()
    values[wrong] = (values[wrong] + rng.integers(1, 3, (6, 1))) % 3
    folds = folds_of(np.arange(len(truth)), values)
    suspects = suspect_labels(values, out_of_fold(features, values, [COLOUR], folds))
    assert {each.item for each in suspects[:6]} == set(wrong.tolist())
    for each in suspects[:6]:
        assert (each.label, each.suggestion) == (values[each.item, 0], truth[each.item, 0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 20))
def test_doubts_are_those_of_a_plain_loop_and_blank_labels_have_none(seed, values, count):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(values, 0.2), count).astype(np.float32)
    labels = rng.integers(-1, values, (count, 1))
    expected = {}
    for item, (label,) in enumerate(labels.tolist()):
        others = [(max(chance, 1e-4), -n) for n, chance in enumerate(chances[item].tolist()) if n != label]
        if label >= 0 and others:
            likeliest, number = max(others)
            doubt = likeliest / (likeliest + max(float(chances[item, label]), 1e-4))
            if doubt >= 0.5001:
                expected[item] = (-number, round(doubt, 4))
    suspects = suspect_labels(labels, [chances])
    found = {each.item: (each.suggestion, each.doubt) for each in suspects if each.doubt >= 0.5001}
    assert {item: suggestion for item, (suggestion, _) in found.items()} == {n: each[0] for n, each in expected.items()}
    assert [found[n][1] for n in found] == pytest.approx([expected[n][1] for n in found], abs=1e-4)
    doubts = [each.doubt for each in suspects]
    assert doubts == sorted(doubts, reverse=True)
    assert all(0.5 <= doubt <= 1 for doubt in doubts)


def test_suspects_are_a_twentieth_of_all_labels_the_worst():
    chances = np.random.default_rng(0).random((1000, 1)).astype(np.float32)
    chances = np.hstack([chances, 1 - chances])
    suspects = suspect_labels(np.zeros((1000, 1), np.int64), [chances])
    assert {each.item for each in suspects} == set(np.argsort(chances[:, 0])[:50].tolist())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=2, max_size=40), st.integers(0, 100))
def test_a_group_is_in_one_fold(groups, seed):
    numbers = np.unique(groups, return_inverse=True)[1]
    values = np.random.default_rng(seed).integers(-1, 3, (len(groups), 2))
    if numbers.max() == 0:
        with pytest.raises(DataError, match="cannot be dealt to 2"):
            folds_of(numbers, values, seed)
        return
    folds = folds_of(numbers, values, seed)
    assert len(set(folds.tolist())) == min(5, numbers.max() + 1)
    for group in set(numbers.tolist()):
        assert len(set(folds[numbers == group].tolist())) == 1


def test_a_photos_own_label_does_not_change_what_is_said_of_it():
    features, values = clusters(60)
    folds = np.arange(60) % 5
    before = out_of_fold(features, values, [COLOUR], folds)[0]
    changed = values.copy()
    changed[folds == 2] = 0
    after = out_of_fold(features, changed, [COLOUR], folds)[0]
    np.testing.assert_array_equal(before[folds == 2], after[folds == 2])
    assert not np.array_equal(before[folds == 1], after[folds == 1])


def test_a_value_that_other_folds_lack_has_no_chance_and_blank_attributes_none():
    features, values = clusters(30)
    values[:] = values % 2
    values[0] = 2
    folds = np.arange(30) % 5
    chances, empty = out_of_fold(features, np.hstack([values, np.full((30, 1), -1)]), [COLOUR, COLOUR], folds)
    assert chances[0, 2] == 0
    assert not empty.any()
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)
