"""Search for the parts of a graph that must stay float32, by measuring the cost of lowering each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fashionsdk._tools.progress import progress_bar

T = TypeVar("T")


@dataclass(frozen=True)
class SearchResult(Generic[T]):
    """The result of `keep_in_float`.

    Attributes:
        in_float: the parts that stay float32, the costliest first.
        result: the measurement with all other parts lowered.
    """

    in_float: tuple[T, ...]
    result: "Measurement"


@dataclass(frozen=True)
class Measurement:
    """A graph's measurement: whether it is good enough, and its cost, the smaller the better."""

    good: bool
    cost: float


def keep_in_float(
    parts: Sequence[T],
    measure: Callable[[Sequence[T]], Measurement],
    cost: Callable[[T], float],
    what: str,
    *,
    progress: bool = False,
) -> SearchResult[T]:
    """Return the fewest of the costliest parts that must stay float32 for the rest to be good enough.

    All parts are lowered first. If that is good enough, no part stays float32. Otherwise each part is lowered alone,
    and they are sorted by their cost. The number of parts that stay float32 is doubled until the rest is good enough,
    then found by bisection. It is the smallest if keeping more parts never makes the graph worse.

    Args:
        parts: what may be lowered.
        measure: measures the graph with these parts lowered and all others in float32.
        cost: measures the graph with this part alone lowered; need not be exact.
        what: a word for the progress bar.
        progress: whether to show a progress bar.
    """
    everything = measure(parts)
    if everything.good or not parts:
        return SearchResult((), everything)
    bar = progress_bar(range(len(parts)), f"{what}: cost of each part", len(parts), "part", shown=progress)
    costs = [cost(parts[i]) for i in bar]
    order = sorted(range(len(parts)), key=lambda i: -costs[i])

    def without(count: int) -> Measurement:
        in_float = set(order[:count])
        return measure([part for i, part in enumerate(parts) if i not in in_float])

    too_few, count = 0, 1
    while not (result := without(min(count, len(parts)))).good and count < len(parts):
        too_few, count = count, 2 * count
    count = min(count, len(parts))
    while count - too_few > 1:
        middle = (too_few + count) // 2
        if (between := without(middle)).good:
            count, result = middle, between
        else:
            too_few = middle
    return SearchResult(tuple(parts[i] for i in order[:count]), result)
