"""How many requests a second one caller may make: a bucket of tokens each."""

import time
from collections import OrderedDict

from fashionsdk.service._problems import Problem

BURST = 2.0  # seconds' worth of requests that may come at once
MOST_CALLERS = 10_000  # that are remembered; the one that was quiet longest is forgotten first


class Rates:
    """Buckets by caller. For one thread.

    Args:
        rate: requests a second; 0 for no limit.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name -> tokens, when

    def check(self, name: str) -> None:
        """Count a request of a caller.

        Raises:
            Problem: there were too many.
        """
        if not self._rate:
            return
        most, now = max(1.0, BURST * self._rate), time.monotonic()
        tokens, then = self._buckets.pop(name, (most, now))
        tokens = min(most, tokens + (now - then) * self._rate)
        self._buckets[name] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        if tokens < 1:
            seconds = max(1, round((1 - tokens) / self._rate))
            raise Problem("rate", f"more than {self._rate:g} requests a second", {"Retry-After": str(seconds)})
