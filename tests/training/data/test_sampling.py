"""The content of batches, for any labels."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fashionsdk_training.data.sampling import GroupSampler, TripletSampler, ValueIndex
from fashionsdk_training.errors import DataError

labels_of = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 1)), min_size=6, max_size=40)


def usable(rows):
    labels = np.array(rows, np.int32)
    try:
        ValueIndex(labels)
    except DataError:
        assume(False)
    return labels


@given(labels_of, st.integers(0, 5))
def test_triplets_share_a_value_with_the_positive_and_not_with_the_negative(rows, epoch):
    labels = usable(rows)
    for draw in TripletSampler(labels, batch_size=9, seed=1).epoch(epoch):
        assert draw.triplets is not None
        for anchor, positive, negative, attribute in draw.triplets:
            a, p, n = draw.images[[anchor, positive, negative]]
            assert a != p
            assert labels[a, attribute] == labels[p, attribute] >= 0
            assert labels[n, attribute] not in (labels[a, attribute], -1)


@given(labels_of, st.integers(0, 5))
def test_every_group_holds_photos_that_share_a_value_with_its_leader(rows, epoch):
    labels = usable(rows)
    for draw in GroupSampler(labels, batch_size=6, group_size=2, seed=1).epoch(epoch):
        for leader, other in draw.images.reshape(-1, 2):
            shared = (labels[leader] == labels[other]) & (labels[leader] >= 0)
            assert shared.any()


def test_every_photo_leads_a_group_in_turn():
    labels = np.arange(24, dtype=np.int32)[:, None] % 3
    sampler = GroupSampler(labels, batch_size=8, group_size=4, seed=0)
    leaders = [
        image for epoch in range(4) for draw in sampler.epoch(epoch) for image in draw.images.reshape(-1, 4)[:, 0]
    ]
    assert sorted(leaders) == list(range(24))


@pytest.mark.parametrize(
    "make", [lambda labels: TripletSampler(labels, 9, 5), lambda labels: GroupSampler(labels, 8, 4, 5)]
)
def test_an_epoch_is_the_same_whenever_it_is_drawn(make):
    labels = np.random.default_rng(0).integers(-1, 4, (50, 3)).astype(np.int32)
    sampler, again = make(labels), make(labels)
    list(again.epoch(0))
    first, second = ([draw.images.tolist() for draw in s.epoch(3)] for s in (sampler, again))
    assert first == second
    assert first != [draw.images.tolist() for draw in sampler.epoch(4)]
    assert len(first) == sampler.batches()


def test_labels_that_allow_no_comparison_are_an_error():
    with pytest.raises(DataError, match="no attribute with two values"):
        ValueIndex(np.array([[0], [1], [-1]], np.int32))


def test_a_value_with_one_photo_is_counted_and_only_a_negative():
    labels = np.array([[0], [0], [1]], np.int32)
    index = ValueIndex(labels)
    assert len(index.photos) - len(index.paired) == 1
    for draw in TripletSampler(labels, 3, 0).epoch(0):
        assert set(draw.images[:2]) == {0, 1}
        assert draw.images[2] == 2


def test_groups_that_do_not_fill_a_batch_are_an_error():
    with pytest.raises(ValueError, match="expected a multiple"):
        GroupSampler(np.zeros((4, 1), np.int32), 10, 4, 0)
