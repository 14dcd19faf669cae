"""A cache that closes the least recently used value when it is full."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from typing import Generic, Protocol, TypeVar


class Closeable(Protocol):
    """An object that holds memory."""

    def close(self) -> None:
        """Free the memory."""


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=Closeable)


class LruCache(Generic[Key, Value]):
    """At most ``capacity`` values, each made when its key is first used. For one thread at a time."""

    def __init__(self, capacity: int, make: Callable[[Key], Value]) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}; expected 1 or more")
        self._capacity = capacity
        self._make = make
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value:
        """Return the value of a key; a full cache closes its oldest value before it makes a new one."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        if len(self._values) == self._capacity:
            self._values.popitem(last=False)[1].close()
        self._values[key] = self._make(key)
        return self._values[key]

    def close(self) -> None:
        """Close every value."""
        with ExitStack() as closing:  # closes the others after an error too
            while self._values:
                closing.callback(self._values.popitem()[1].close)
