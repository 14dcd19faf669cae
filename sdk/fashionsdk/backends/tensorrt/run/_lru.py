"""A cache that forgets, and closes, what was not used for longest."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from typing import Generic, Protocol, TypeVar


class Closeable(Protocol):
    """Something that holds memory."""

    def close(self) -> None:
        """Give the memory back."""


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=Closeable)


class LruCache(Generic[Key, Value]):
    """At most ``capacity`` values, each made when its key is first asked for. For one thread at a time."""

    def __init__(self, capacity: int, make: Callable[[Key], Value]) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}; expected 1 or more")
        self._capacity = capacity
        self._make = make
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value:
        """Return the value of a key; the oldest is closed before a new one is made."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        if len(self._values) == self._capacity:
            self._values.popitem(last=False)[1].close()
        self._values[key] = self._make(key)
        return self._values[key]

    def close(self) -> None:
        """Close every value."""
        with ExitStack() as closing:  # goes on after an error
            while self._values:
                closing.callback(self._values.popitem()[1].close)
