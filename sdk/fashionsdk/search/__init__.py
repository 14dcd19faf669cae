"""Search: items by key, compared in one attribute's embedding space."""

from fashionsdk.search._matcher import Matcher
from fashionsdk.search._matches import Item, Matches
from fashionsdk.search._ranking import nearest

__all__ = [
    "Item",
    "Matcher",
    "Matches",
    "nearest",
]
