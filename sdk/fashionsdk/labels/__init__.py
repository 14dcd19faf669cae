"""Label tables: which photo has which value of which attribute, and what is asked of a retrieval system.

Three formats are read: a shop's CSV table (``fashionsdk.labels._label_table``), the index files of the ASEN papers
(``fashionsdk.labels._index_files``), and the triplet lists of the CSN paper (``fashionsdk.labels._triplet_lists``).
"""

from fashionsdk.labels._attribute_boxes import Box, Boxes, read_boxes
from fashionsdk.labels._index_files import read_attributes
from fashionsdk.labels._label_table import read_table
from fashionsdk.labels._label_types import Labels, RetrievalSplit
from fashionsdk.labels._read import TABLE_NAME, read_labels, read_retrieval
from fashionsdk.labels._triplet_lists import CSN_ATTRIBUTES, TripletSplit, holds_triplets, read_triplets

__all__ = [
    "CSN_ATTRIBUTES",
    "TABLE_NAME",
    "Box",
    "Boxes",
    "Labels",
    "RetrievalSplit",
    "TripletSplit",
    "holds_triplets",
    "read_attributes",
    "read_boxes",
    "read_labels",
    "read_retrieval",
    "read_table",
    "read_triplets",
]
