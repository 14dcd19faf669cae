"""Search: items by key, compared in the embedding spaces of attributes, kept in memory, in a folder or elsewhere."""

from fashionsdk.search._copying import copy_items, put_items
from fashionsdk.search._extending import check_extends, extend_items
from fashionsdk.search._matcher import Matcher
from fashionsdk.search._matches import Item, Match, Matches
from fashionsdk.search._model_galleries import bundle_contract, check_fits, open_for
from fashionsdk.search._photo_folder import PhotoFolder
from fashionsdk.search.query import Condition, Example, Field, Query, field, parse_condition
from fashionsdk.search.scan import nearest
from fashionsdk.search.stores import Contract

__all__ = [
    "Condition",
    "Contract",
    "Example",
    "Field",
    "Item",
    "Match",
    "Matcher",
    "Matches",
    "PhotoFolder",
    "Query",
    "bundle_contract",
    "check_extends",
    "check_fits",
    "copy_items",
    "extend_items",
    "field",
    "nearest",
    "open_for",
    "parse_condition",
    "put_items",
]
