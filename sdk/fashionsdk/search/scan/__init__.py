"""Exact scans in memory: vectors in a codec, metadata in columns, and the K best of both."""

from fashionsdk.search.scan._codec import CODECS, Codec, decoded, encoded, stored_dtype, stored_lengths
from fashionsdk.search.scan._growing import reserved
from fashionsdk.search.scan._metadata_columns import Column, Columns
from fashionsdk.search.scan._ranking import Best, largest_sums, nearest, rank_lists
from fashionsdk.search.scan._rows import Rows, merged_best
from fashionsdk.search.scan._unit_vectors import check_unit
from fashionsdk.search.scan._values import MISSING, Values
from fashionsdk.search.scan._vector_column import VectorColumn
from fashionsdk.search.scan._vectors import Vectors, open_vectors

__all__ = [
    "CODECS",
    "MISSING",
    "Best",
    "Codec",
    "Column",
    "Columns",
    "Rows",
    "Values",
    "VectorColumn",
    "Vectors",
    "check_unit",
    "decoded",
    "encoded",
    "largest_sums",
    "merged_best",
    "nearest",
    "open_vectors",
    "rank_lists",
    "reserved",
    "stored_dtype",
    "stored_lengths",
]
