"""Labelled photos: which photo has which value of which attribute, and what a model is evaluated on.

Three formats are read: a shop's label table in CSV, the index files of the ASEN papers, and the triplet lists of the
CSN paper. ``docs/label-format.md`` describes them.
"""

from fashionsdk.labels._attribute_boxes import Box, Boxes, read_boxes
from fashionsdk.labels._cell_values import CellValue, column_values
from fashionsdk.labels._columns import named_columns
from fashionsdk.labels._csv_reader import CsvTable, read_csv
from fashionsdk.labels._csv_writer import write_csv
from fashionsdk.labels._index_files import read_attributes
from fashionsdk.labels._label_table import read_table
from fashionsdk.labels._label_types import Labels, RetrievalSplit, Split
from fashionsdk.labels._read import TABLE_NAME, LabelSource, read_labels, read_retrieval, table_path
from fashionsdk.labels._triplet_lists import CSN_ATTRIBUTES, TripletSplit, holds_triplets, read_triplets

__all__ = [
    "CSN_ATTRIBUTES",
    "TABLE_NAME",
    "Box",
    "Boxes",
    "CellValue",
    "CsvTable",
    "LabelSource",
    "Labels",
    "RetrievalSplit",
    "Split",
    "TripletSplit",
    "column_values",
    "holds_triplets",
    "named_columns",
    "read_attributes",
    "read_boxes",
    "read_csv",
    "read_labels",
    "read_retrieval",
    "read_table",
    "read_triplets",
    "table_path",
    "write_csv",
]
