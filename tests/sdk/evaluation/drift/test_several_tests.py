"""Holm's intervals, against his procedure step by step."""

from statistics import NormalDist

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.evaluation.drift._several_tests import LEVEL, half_widths

FINITE = st.floats(-1e3, 1e3)


def holm(p_values):
    """Return the places that Holm's procedure rejects."""
    rejected = set()
    for step, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[place] >= LEVEL / (len(p_values) - step):
            break
        rejected.add(place)
    return rejected


@given(st.lists(st.tuples(FINITE, st.floats(0.1, 100)), min_size=1, max_size=9))
def test_intervals_leave_out_zero_exactly_where_holms_procedure_rejects(pairs):
    differences, errors = map(np.array, zip(*pairs, strict=True))
    widths = half_widths(differences, errors)
    p_values = [2 * (1 - NormalDist().cdf(abs(d) / e)) for d, e in pairs]
    assert {k for k in range(len(pairs)) if abs(differences[k]) > widths[k]} == holm(p_values)


def test_one_difference_has_the_plain_interval():
    assert half_widths(np.array([0.0]), np.array([2.0]))[0] == 2 * NormalDist().inv_cdf(0.975)


def test_a_difference_without_spread_is_one():
    assert half_widths(np.array([1.0, 0.0]), np.zeros(2)).max() < 1e-6
