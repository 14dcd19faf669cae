"""Labelled photos: which photo has which value of which attribute, and what a model is evaluated on.

Label tables have one of several formats, see ``formats``. The index files of the ASEN papers and the triplet lists of
the CSN paper are read as well. ``docs/label-format.md`` describes them. ``corrections`` are what people decided about
labels that seemed wrong.
"""

from fashionsdk.labels._attribute_boxes import Box, Boxes, chosen_boxes, read_boxes
from fashionsdk.labels._cell_values import CellValue, column_values
from fashionsdk.labels._columns import named_columns
from fashionsdk.labels._csv_reader import CsvTable, read_csv
from fashionsdk.labels._csv_writer import write_csv
from fashionsdk.labels._index_files import read_attributes
from fashionsdk.labels._label_table import LabelTable, read_table
from fashionsdk.labels._label_types import Labels, RetrievalSplit, Split
from fashionsdk.labels._read import TABLE_NAME, Data, LabelSource, read_labels, read_retrieval, table_path
from fashionsdk.labels._triplet_lists import CSN_ATTRIBUTES, TripletSplit, holds_triplets, read_triplets
from fashionsdk.labels.corrections import Correction, Corrections, correct_table, read_corrections, write_corrections
from fashionsdk.labels.formats import FORMATS

__all__ = [
    "CSN_ATTRIBUTES",
    "FORMATS",
    "TABLE_NAME",
    "Box",
    "Boxes",
    "CellValue",
    "Correction",
    "Corrections",
    "CsvTable",
    "Data",
    "LabelSource",
    "LabelTable",
    "Labels",
    "RetrievalSplit",
    "Split",
    "TripletSplit",
    "chosen_boxes",
    "column_values",
    "correct_table",
    "holds_triplets",
    "named_columns",
    "read_attributes",
    "read_boxes",
    "read_corrections",
    "read_csv",
    "read_labels",
    "read_retrieval",
    "read_table",
    "read_triplets",
    "table_path",
    "write_corrections",
    "write_csv",
]
