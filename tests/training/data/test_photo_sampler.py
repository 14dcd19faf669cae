"""Batches of all photos in turn, for any labels."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fashionsdk_training.data.photo_sampler import PhotoSampler
from fashionsdk_training.errors import DataError
from tests.training.data.test_sampling import labels_of

EPOCHS = 3


@given(labels_of, st.integers(1, 50), st.integers(0, 9))
def test_all_labelled_photos_are_drawn_in_turn_and_no_other(rows, size, least):
    labels = np.array(rows, np.int32)
    assume(any(len(set(column[column >= 0])) > 1 for column in labels.T))
    sampler = PhotoSampler(labels, size, least, seed=3)
    drawn = [draw.images.tolist() for epoch in range(EPOCHS) for draw in sampler.epoch(epoch)]
    assert drawn == [draw.images.tolist() for epoch in range(EPOCHS) for draw in sampler.epoch(epoch)]
    labelled = {i for i, row in enumerate(labels) if max(row) >= 0}
    assert {len(batch) for batch in drawn} == {min(size, len(labelled))}
    assert len(drawn) == EPOCHS * sampler.batches()
    assert sampler.batches() == max(len(labelled) // min(size, len(labelled)), least)
    photos = [photo for batch in drawn for photo in batch]
    for start in range(0, len(photos) - len(labelled) + 1, len(labelled)):
        assert set(photos[start : start + len(labelled)]) == labelled


def test_another_seed_and_another_turn_are_other_orders():
    labels = np.arange(40, dtype=np.int32).reshape(-1, 1) % 3
    first, second = (list(PhotoSampler(labels, 40, 2, seed).epoch(0)) for seed in (0, 1))
    orders = [draw.images.tolist() for draw in (*first, *second)]
    assert all(sorted(order) == list(range(40)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4


def test_photos_without_two_values_of_anything_cannot_be_told_apart():
    with pytest.raises(DataError, match="3 photos have no attribute with two values"):
        PhotoSampler(np.array([[0, -1], [0, 1], [-1, 1]], np.int32), 2, 0, 0)
