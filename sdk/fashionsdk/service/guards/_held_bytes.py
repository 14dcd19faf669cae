"""The bytes of all requests' bodies that a service holds at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from fashionsdk.service._problems import Problem

SECONDS = 1.0  # after which a caller may try again


class HeldBytes:
    """Bytes that requests share. Nobody waits for them: a request that finds too few is told to come back.

    A request holds what has come of it, not what it promises: who promises much and sends little takes nothing away.

    Attributes:
        held: how many are held now.
    """

    def __init__(self, most: int) -> None:
        self._most, self.held = most, 0

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """Yield a share to take bytes in; the block's end frees them.

        Raises:
            Problem: the others hold too many.
        """
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held

    def check(self, count: int) -> None:
        """Check that so many more bytes may be held.

        Raises:
            Problem: they may not.
        """
        if self.held + count > self._most:
            raise Problem.busy("too many uploads at once; try again after Retry-After seconds", SECONDS)


class Share:
    """What one request holds."""

    def __init__(self, whole: HeldBytes) -> None:
        self._whole, self.held = whole, 0

    def take(self, count: int) -> None:
        """Hold so many bytes more.

        Raises:
            Problem: the others hold too many.
        """
        self._whole.check(count)
        self._whole.held += count
        self.held += count
