"""The search for the parts that must stay float32 agrees with trying every number of parts."""

from hypothesis import given
from hypothesis import strategies as st

from fashionsdk_export.precision.island_search import Measurement, keep_in_float


@given(costs=st.lists(st.integers(0, 20), max_size=40), allowed=st.integers(0, 60))
def test_it_keeps_the_fewest_of_the_costliest_parts(costs, allowed):
    def measure(lowered):
        total = sum(costs[part] for part in lowered)
        return Measurement(total <= allowed, total)

    search = keep_in_float(range(len(costs)), measure, lambda part: costs[part], "test")
    order = sorted(range(len(costs)), key=lambda part: -costs[part])
    fewest = next(count for count in range(len(costs) + 1) if measure(order[count:]).good)
    assert list(search.in_float) == order[:fewest]
    assert search.result == measure(order[fewest:])


def test_parts_are_measured_one_by_one_only_when_lowering_all_is_not_good_enough():
    calls = []

    def measure(lowered):
        calls.append(tuple(lowered))
        return Measurement(True, 0)

    def cost(part):
        calls.append(part)
        return 0.0

    assert keep_in_float("abc", measure, cost, "test").in_float == ()
    assert calls == [("a", "b", "c")]


def test_a_graph_that_is_never_good_enough_keeps_every_part():
    search = keep_in_float("abcde", lambda lowered: Measurement(False, len(lowered)), lambda part: 1.0, "test")
    assert sorted(search.in_float) == list("abcde")
    assert not search.result.good
