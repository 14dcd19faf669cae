"""Libraries whose threads a fork lacks: it starts no others, so it computes with one."""

import os
import warnings


class ForkThreads:
    """Knows the processes that used a library's threads: this one and its parents.

    Args:
        title: of the library.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._users: set[int] = set()

    def usable(self, count: int) -> int:
        """Return with how many of ``count`` threads this process computes; warn if that is one instead of several."""
        self._users.add(os.getpid())
        if count == 1 or len(self._users) == 1:
            return count
        warnings.warn(
            f"{self._title} computes with one thread in a fork of a process that used it; to use more, open the bundle "
            "after the fork only, start processes with the method 'spawn', or choose runtime='onnxruntime'",
            RuntimeWarning,
            stacklevel=3,
        )
        return 1
