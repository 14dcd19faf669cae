"""The search for what must stay in float: as few parts as trying all numbers would find."""

from hypothesis import given
from hypothesis import strategies as st

from fashionsdk_export.precision.island_search import Measured, keep_in_float


@given(costs=st.lists(st.integers(0, 20), max_size=40), allowed=st.integers(0, 60))
def test_it_keeps_the_fewest_of_the_costliest_parts(costs, allowed):
    def measure(lowered):
        total = sum(costs[part] for part in lowered)
        return Measured(total <= allowed, total)

    found = keep_in_float(range(len(costs)), measure, lambda part: costs[part], "test")
    order = sorted(range(len(costs)), key=lambda part: -costs[part])
    fewest = next(count for count in range(len(costs) + 1) if measure(order[count:]).good)
    assert list(found.kept) == order[:fewest]
    assert found.result == measure(order[fewest:])


def test_parts_are_measured_one_by_one_only_when_lowering_all_is_not_good_enough():
    calls = []

    def measure(lowered):
        calls.append(tuple(lowered))
        return Measured(True, 0)

    assert keep_in_float("abc", measure, calls.append, "test").kept == ()
    assert calls == [("a", "b", "c")]


def test_what_is_never_good_enough_keeps_everything_and_says_so():
    found = keep_in_float("abcde", lambda lowered: Measured(False, len(lowered)), lambda part: 1.0, "test")
    assert sorted(found.kept) == list("abcde")
    assert not found.result.good
