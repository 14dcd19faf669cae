"""Label tables: which photo has which value of which attribute, and what is asked of a retrieval system.

Three formats are read: a shop's CSV table (``fashionsdk.labels.table``), the index files of the ASEN papers
(``fashionsdk.labels.index_files``), and the triplet lists of the CSN paper (``fashionsdk.labels.triplets``).
"""

from fashionsdk.labels.read import read_labels, read_retrieval
from fashionsdk.labels.triplets import CSN_ATTRIBUTES, TripletSplit, holds_triplets, read_triplets
from fashionsdk.labels.types import Labels, RetrievalSplit

__all__ = [
    "CSN_ATTRIBUTES",
    "Labels",
    "RetrievalSplit",
    "TripletSplit",
    "holds_triplets",
    "read_labels",
    "read_retrieval",
    "read_triplets",
]
