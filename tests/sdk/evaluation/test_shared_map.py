"""What maps have in common, against correlations of pairs, on maps of one place and on maps that follow an object."""

from itertools import combinations

import numpy as np
import pytest

from fashionsdk.evaluation import NEARLY, SharedMap

SIDE = 10


def added(maps) -> SharedMap:
    found = SharedMap()
    for each in maps:
        found.add(np.asarray(each, np.float32))
    return found


def share(maps) -> float:
    found = added(maps).share
    assert found is not None
    return found


def bump(row: float, column: float, width: float = 1.0) -> np.ndarray:
    """A map with its peak at a place."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2)).astype(np.float32)


def peaks(maps) -> np.ndarray:
    """How many maps have their peak in each cell."""
    return np.bincount([int(each.argmax()) for each in maps], minlength=SIDE * SIDE)


@pytest.mark.parametrize("count", [2, 3, 20])
def test_the_share_is_the_mean_correlation_of_two_photos_maps(count):
    rng = np.random.default_rng(count)
    maps = rng.random((count, 3, 4)) + 2 * rng.random((3, 4))
    expected = np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in combinations(maps, 2)])
    assert share(maps) == pytest.approx(expected, abs=1e-6)
    assert added(maps).photos == count


def test_one_place_for_all_photos_is_nearly_all_of_the_maps_whatever_noise_is_on_them():
    rng = np.random.default_rng(0)
    assert share([bump(4, 5)] * 30) == pytest.approx(1)
    maps = [rng.uniform(1, 9) * (bump(4, 5) + 0.05 * rng.random((SIDE, SIDE))) for _ in range(50)]
    assert share(maps) > 0.9


def test_maps_that_follow_an_object_to_places_of_its_own_share_little():
    rng = np.random.default_rng(1)
    assert share([bump(*rng.uniform(0, SIDE - 1, 2)) for _ in range(200)]) < 0.15


def test_half_of_the_photos_in_one_place_are_not_most_of_it():
    rng = np.random.default_rng(2)
    maps = [bump(4, 5) if photo % 2 else bump(*rng.uniform(0, SIDE - 1, 2)) for photo in range(200)]
    assert 0.15 < share(maps) < NEARLY


def test_wide_maps_that_hardly_change_are_alike_though_their_peaks_jump():
    """Why the commonest cell of the peak does not say it."""
    rng = np.random.default_rng(3)
    maps = [bump(4.5, 4.5, width=4) + rng.uniform(0, 0.25, (SIDE, SIDE)) for _ in range(400)]
    assert peaks(maps).max() < 0.25 * len(maps)
    assert share(maps) > 0.8


def test_maps_without_a_peak_are_the_same_as_each_other_and_as_no_other():
    flat = [np.full((SIDE, SIDE), level) for level in (0.0, 0.01, 0.1, 7.0)]
    assert share(flat) == 1
    assert share([flat[1], bump(4, 5)]) == 0
    assert share([*flat, bump(4, 5)]) == pytest.approx(6 / 10)  # of ten pairs, six are of flat ones


def test_opposite_maps_share_nothing():
    assert share([bump(4, 5), -bump(4, 5)]) == 0


def test_one_photo_says_nothing():
    assert SharedMap().share is None
    assert added([bump(4, 5)]).share is None


@pytest.mark.parametrize("bad", [np.zeros(4), np.zeros((0, 3)), np.full((2, 2), np.nan), np.zeros((1, 2, 2))])
def test_what_is_no_map_is_rejected(bad):
    with pytest.raises(ValueError, match=r"expected \(h, w\) with finite values"):
        SharedMap().add(bad)


def test_a_map_of_another_size_is_rejected():
    found = added([np.zeros((2, 3))])
    with pytest.raises(ValueError, match="attention has 8 cells, that before 6; expected as many"):
        found.add(np.zeros((2, 4), np.float32))
