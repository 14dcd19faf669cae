"""One fixed place for all photos, found place by place, and a sign test, counted outcome by outcome."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.evaluation import pointing
from fashionsdk.evaluation._fixed_place import fixed_place_hits, surely_more
from fashionsdk.labels import Box
from fashionsdk.photos import Preprocessing

side = st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(lambda pair: pair[0] != pair[1]).map(sorted)
boxes = st.lists(st.tuples(side, side), min_size=1, max_size=6)


@given(boxes)
def test_the_place_is_the_best_for_all_other_photos(sides):
    edges = np.array([[x[0], y[0], x[1], y[1]] for x, y in sides]) / 20
    places = [((column + 0.5) / 20, (row + 0.5) / 20) for row in range(20) for column in range(20)]

    def inside(place, box):
        return box[0] <= place[0] <= box[2] and box[1] <= place[1] <= box[3]

    for photo, hit in enumerate(fixed_place_hits(edges).tolist()):
        others = [box for index, box in enumerate(edges) if index != photo]
        best = max(places, key=lambda place: sum(inside(place, box) for box in others))
        assert hit == inside(best, edges[photo])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_more_is_sure_if_tossed_coins_would_seldom_differ_as_much(pairs):
    hits, others = (np.array([pair[side] for pair in pairs], bool) for side in (0, 1))
    more, fewer = sum(a > b for a, b in pairs), sum(b > a for a, b in pairs)
    tosses = [abs(2 * sum(toss) - len(toss)) >= abs(more - fewer) for toss in product((0, 1), repeat=more + fewer)]
    assert surely_more(hits, others) == (more > fewer and sum(tosses) / len(tosses) < 0.05)


@pytest.mark.parametrize(("more", "sure"), [(1000, False), (1040, False), (1060, True)])
def test_many_photos_are_judged_alike(more, sure):
    hits = np.arange(2000) < more
    assert surely_more(hits, ~hits) == sure


def test_a_map_that_follows_the_photo_is_better_and_one_that_does_not_is_doubtful():
    """Eight photos with the collar left or right by turns: attention follows it, that of the hem stays in a corner."""
    placement = Preprocessing(16).placement((32, 32))
    sides = [Box(0, 0, 0.5, 0.5), Box(0.5, 0.5, 1, 1)]
    photos = []
    for index in range(8):
        attention = np.zeros((2, 4, 4), np.float32)
        attention[0, 3 * (index % 2), 3 * (index % 2)] = attention[1, 0, 3] = 1
        photos.append((index, attention, placement))
    found = pointing({i: {"collar": sides[i % 2], "hem": sides[i % 2]} for i in range(8)}, photos, ["collar", "hem"])
    collar, hem = found.attributes
    assert (collar.rate, collar.fixed, collar.better) == (100, 0, True)
    assert (hem.rate, hem.better) == (0, False)
    assert found.doubtful() == ["hem"]
