"""What a gallery's head says: which write was the last, and which rows are visible since."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from fashionsdk.search.stores.milvus._conditions import joined_by

REMOVAL = -1  # the place of a row that says which others were replaced or removed
ROW_BITS = 24  # of a row's id, for its number within the write; the write's number is above
TIME_BITS = 18  # of the server's time below its milliseconds


def first_id(write: int) -> int:
    """Return the id of a write's first row."""
    return write << ROW_BITS


def milliseconds(timestamp: int) -> int:
    """Return the server's time in milliseconds."""
    return timestamp >> TIME_BITS


@dataclass(frozen=True)
class State:
    """What a gallery is after a write.

    Rows never change. A row belongs to the write whose number its id begins with, and is visible from then on, until
    a later write takes its place. Those of writes after the last one are not visible yet.

    Attributes:
        version: the number of the last write.
        count: G, the number of items.
        next_place: for the next new item.
        timestamp: the server's time of the last change; reads wait until they see it.
        replaced: how many rows were replaced or removed since the last purge, and may still be there.
        purged: the version up to which replaced rows are gone.
        marked: a version, and the server's milliseconds when it was the last; what it replaced is purged next.
        abandoned: numbers of writes that did not end. Their rows are never visible.
    """

    version: int = 0
    count: int = 0
    next_place: int = 0
    timestamp: int = 1
    replaced: int = 0
    purged: int = 0
    marked: tuple[int, int] = (0, 0)
    abandoned: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> "State":
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is no state.
        """
        try:
            value = json.loads(text)
            state = cls(**{**value, "marked": tuple(value["marked"]), "abandoned": tuple(value["abandoned"])})
            assert all(isinstance(each, int) for each in (*state.marked, *state.abandoned, state.version, state.count))
            return state
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"its state cannot be read: {error}") from error

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))

    def visible(self, replaced: Sequence[int]) -> str:
        """Return an expression for the rows that are visible.

        Args:
            replaced: the ids of rows that were replaced or removed and may still be there.
        """
        parts = [f"id < {first_id(self.version + 1)}", *map(_not_of, self.abandoned)]
        if replaced:
            parts.append(f"id not in [{','.join(map(str, replaced))}]")
        return joined_by("and", parts)

    def removals(self, until: int) -> str:
        """Return an expression for the rows that say what was replaced since the last purge, up to a write."""
        window = f"id >= {first_id(self.purged + 1)} and id < {first_id(until + 1)}"
        return joined_by("and", [f"place == {REMOVAL}", window, *map(_not_of, self.abandoned)])


def _not_of(write: int) -> str:
    return f"(id < {first_id(write)} or id >= {first_id(write + 1)})"
