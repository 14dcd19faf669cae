"""Lets in as many photos as can be answered in time; the others are told when to come back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fashionsdk.service._problems import Problem

SHARE = 0.6  # of its deadline that a photo may wait: the rest is for what varies
INERTIA = 0.9  # of the known pace, when a photo shows another


class Admission:
    """Counts what is being answered, such as photos. For the event loop's thread only.

    Who leaves after T seconds, and had N there with him when he came, shows a pace of T / N: everything counts in it,
    reading, waiting and the model, whichever is the slowest now.

    Args:
        most: how many may be there at once.
        what: is counted, for the words of a refusal.

    Attributes:
        waiting: how many are there.
        pace: seconds each.
    """

    def __init__(self, most: int, what: str = "photos") -> None:
        self._most, self._what, self.waiting, self.pace = most, what, 0, 0.0

    def check(self, count: int, seconds: float) -> int:
        """Return how many there would be with so many more; ``seconds`` are left until their deadline.

        Raises:
            Problem: too many are there, or they would have to wait too long.
        """
        after = self.waiting + count
        if after > self._most or (self.waiting and after * self.pace > SHARE * seconds):
            raise Problem.busy(
                f"{self.waiting} {self._what} are waiting; try again after Retry-After seconds",
                self.waiting * self.pace,
            )
        return after

    @contextmanager
    def enter(self, count: int, seconds: float) -> Iterator[None]:
        """Count so many within the block.

        Raises:
            Problem: as `check`.
        """
        after, began = self.check(count, seconds), time.monotonic()
        self.waiting = after
        try:
            yield
        except BaseException:  # it took longer than this, if it was not a mistake
            self._learn(max(self.pace, (time.monotonic() - began) / after))
            raise
        else:
            self._learn((time.monotonic() - began) / after)
        finally:
            self.waiting -= count

    def _learn(self, pace: float) -> None:
        self.pace = INERTIA * self.pace + (1 - INERTIA) * pace if self.pace else pace
