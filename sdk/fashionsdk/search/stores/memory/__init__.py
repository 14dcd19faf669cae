"""A store in memory: the default in a process."""

from fashionsdk.search.stores.memory._memory import MemoryStore

__all__ = ["MemoryStore"]
