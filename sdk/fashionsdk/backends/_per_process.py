"""What works only in the process that opened it, such as a session with threads: a forked child opens its own."""

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from fashionsdk._tools.after_fork import RenewedLock, keep_forever, renew_after_fork
from fashionsdk.errors import BackendError

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value of this process. After a fork, the child's first `get` opens another one, and the parent keeps its own.

    The child never destroys the parent's value: that would wait for threads which the child does not have.

    Args:
        value: what was opened in this process.
        reopen: opens another one in a child; called once there, by one thread.
    """

    def __init__(self, value: T, reopen: Callable[[], T]) -> None:
        self._value: T | None = value
        self._reopen = reopen
        self._opening = RenewedLock()
        renew_after_fork(self)

    def get(self) -> T:
        """Return this process's value. Raises what ``reopen`` raises."""
        value = self._value
        if value is None:
            with self._opening:
                value = self._value = self._reopen() if self._value is None else self._value
        return value

    def drop(self) -> T | None:
        """Forget the value, and return it if there is one; `get` is not called again."""
        value, self._value = self._value, None
        return value

    def after_fork(self) -> None:
        """Let the parent's value be; see `fashionsdk._tools.after_fork`."""
        if self._value is not None:
            keep_forever(self._value)
            self._value = None


def cuda_after_fork(what: object) -> NoReturn:
    """Raise the error of a child that uses ``what`` its parent opened on CUDA.

    Raises:
        BackendError: always; CUDA cannot be started again in a child whose parent had started it.
    """
    raise BackendError(
        f"{what} was opened before this process was forked, and CUDA does not survive a fork; open the bundle in the "
        "worker processes only, or start them with the method 'spawn'"
    )
