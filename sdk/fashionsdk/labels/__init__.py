"""Label tables: which photo has which value of which attribute, and what is asked of a retrieval system.

Two formats are read: a shop's CSV table (``fashionsdk.labels.table``) and the index files of the ASEN papers
(``fashionsdk.labels.index_files``).
"""

from fashionsdk.labels.read import read_labels, read_retrieval
from fashionsdk.labels.types import Labels, RetrievalSplit

__all__ = ["Labels", "RetrievalSplit", "read_labels", "read_retrieval"]
