"""Which parts of a graph must stay in float32, found by measuring what each costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fashionsdk._tools.progress import progress_bar

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """What :func:`keep_in_float` found.

    Attributes:
        kept: what stays in float, the costliest first.
        result: the measurement with all else lowered.
    """

    kept: tuple[T, ...]
    result: "Measured"


@dataclass(frozen=True)
class Measured:
    """A measurement: whether it is good enough, and its cost, the smaller the better."""

    good: bool
    cost: float


def keep_in_float(
    parts: Sequence[T], measure: Callable[[Sequence[T]], Measured], cost: Callable[[T], float], what: str
) -> Found[T]:
    """Return the fewest parts, taken in the order of what each costs alone, without which the rest is good enough.

    All parts are lowered first; if that is good enough, nothing stays in float. Otherwise each part is lowered alone,
    which gives the order, and the number that stays is doubled, then halved in between. Found thus, it is the
    smallest number if keeping more never makes it worse.

    Args:
        parts: what may be lowered.
        measure: measures the graph with these parts lowered and all others in float.
        cost: measures the graph with this part alone lowered; need not be exact.
        what: a word for the progress bar.
    """
    everything = measure(parts)
    if everything.good or not parts:
        return Found((), everything)
    bar = progress_bar(range(len(parts)), f"{what}: what each part costs", len(parts), "part")
    costs = [cost(parts[i]) for i in bar]
    order = sorted(range(len(parts)), key=lambda i: -costs[i])

    def without(count: int) -> Measured:
        kept = set(order[:count])
        return measure([part for i, part in enumerate(parts) if i not in kept])

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
    return Found(tuple(parts[i] for i in order[:count]), result)
