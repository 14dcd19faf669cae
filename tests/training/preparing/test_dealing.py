"""Groups are dealt whole, every photo to one split, and values are balanced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk_training.errors import DataError
from fashionsdk_training.preparing import deal_groups, joined_groups

SHARES = (0.7, 0.15, 0.15)
PARTS = st.lists(st.lists(st.integers(0, 29), min_size=1, max_size=5), max_size=25)


@given(PARTS)
def test_joined_groups_are_those_of_a_walk_from_row_to_row(parts):
    groups = joined_groups(30, parts)
    for row in range(30):
        reached, more = set[int](), {row}
        while more:
            reached |= more
            more = {other for part in parts if reached & set(part) for other in part} - reached
        assert set(np.flatnonzero(groups == groups[row]).tolist()) == reached
    firsts = [groups.tolist().index(group) for group in range(groups.max() + 1)]
    assert firsts == sorted(firsts)


@given(PARTS, st.lists(st.tuples(st.integers(0, 29), st.integers(0, 4)), max_size=60), st.integers(0, 9))
def test_a_group_is_in_one_split_and_every_photo_in_exactly_one(parts, labels, seed):
    groups = joined_groups(30, parts)
    array = np.array(labels, np.int64).reshape(-1, 2)
    if groups.max() < 2:
        with pytest.raises(DataError, match="cannot be dealt to 3 splits"):
            deal_groups(groups, array, SHARES, seed)
        return
    splits = deal_groups(groups, array, SHARES, seed)
    assert splits.shape == (30,)
    assert set(splits.tolist()) == {0, 1, 2}
    for group in range(groups.max() + 1):
        assert len(set(splits[groups == group].tolist())) == 1
    assert deal_groups(groups, array, SHARES, seed).tolist() == splits.tolist()


def shop(seed=0, products=400, photos=3):
    """Return groups and labels: the photos of a product share a common and a rare attribute's value."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(products), photos)
    values = np.column_stack([rng.integers(0, 5, products), 5 + rng.geometric(0.3, products).clip(max=9)])[groups]
    labels = np.concatenate([np.column_stack([np.arange(len(groups)), column]) for column in values.T])
    return groups, labels


def furthest(groups, labels, splits):
    """Return how many photos the split furthest from its share of a value has too many or too few."""
    off = 0.0
    for value in np.unique(labels[:, 1]):
        of_value = splits[labels[labels[:, 1] == value, 0]]
        off = max(off, *(abs((of_value == s).sum() - share * len(of_value)) for s, share in enumerate(SHARES)))
    return off


def test_every_value_comes_near_its_share_and_nearer_than_by_chance():
    groups, labels = shop()
    dealt = furthest(groups, labels, deal_groups(groups, labels, SHARES, 0))
    rng = np.random.default_rng(0)
    by_chance = [
        furthest(groups, labels, rng.permutation(np.repeat([0, 1, 2], [280, 60, 60]))[groups]) for _ in range(20)
    ]
    assert dealt <= 3  # a product has three photos
    assert dealt < min(by_chance) / 2


def test_another_seed_deals_otherwise_and_as_well():
    groups, labels = shop()
    first, second = (deal_groups(groups, labels, SHARES, seed) for seed in (0, 1))
    assert (first != second).mean() > 0.1
    assert max(furthest(groups, labels, first), furthest(groups, labels, second)) <= 3


def test_a_product_larger_than_the_smaller_splits_is_trained_on():
    groups = np.array([0] * 50 + list(range(1, 51)))
    splits = deal_groups(groups, np.zeros((0, 2), np.int64), SHARES, 0)
    assert splits[0] == 0
    assert np.bincount(splits).tolist() == [70, 15, 15]
