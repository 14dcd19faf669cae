"""What can be asked of a gallery: examples with weights, conditions on metadata, and how many answers."""

from fashionsdk.search.query._condition import (
    And,
    Comparison,
    Condition,
    Containment,
    Existence,
    Not,
    Or,
    Test,
    holds,
)
from fashionsdk.search.query._condition_text import parse_condition
from fashionsdk.search.query._example import Example, check_embeddings
from fashionsdk.search.query._field import Field, field
from fashionsdk.search.query._query import Query, Require, query_of
from fashionsdk.search.query._scalars import Scalar, comparable

__all__ = [
    "And",
    "Comparison",
    "Condition",
    "Containment",
    "Example",
    "Existence",
    "Field",
    "Not",
    "Or",
    "Query",
    "Require",
    "Scalar",
    "Test",
    "check_embeddings",
    "comparable",
    "field",
    "holds",
    "parse_condition",
    "query_of",
]
