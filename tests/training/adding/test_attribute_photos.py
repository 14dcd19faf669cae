"""Which labelled photos are drawn."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fashionsdk.attributes import Attribute
from fashionsdk_training.adding.attribute_photos import LabelledPhotos


@settings(max_examples=50)
@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 12), st.integers(0, 9))
def test_a_draw_has_the_requested_number_of_photos_of_each_value_and_is_part_of_a_larger_one(values, count, seed):
    names = tuple(f"{i}.png" for i in range(len(values)))
    labelled = LabelledPhotos(Attribute("a", tuple("vwxyz")), names, (), np.array(values, np.int64))
    rows, more = labelled.draw(count, seed), labelled.draw(count + 1, seed)
    for value in range(5):
        assert (labelled.values[rows] == value).sum() == min(count, values.count(value))
    assert set(rows.tolist()) <= set(more.tolist())
    assert rows.tolist() == sorted(set(rows.tolist())) == labelled.draw(count, seed).tolist()
    assert labelled.draw(None, seed).tolist() == list(range(len(values)))


def test_another_seed_draws_other_photos():
    labelled = LabelledPhotos(Attribute("a", ("v",)), tuple(map(str, range(50))), (), np.zeros(50, np.int64))
    draws = {tuple(labelled.draw(10, seed).tolist()) for seed in range(5)}
    assert len(draws) == 5
