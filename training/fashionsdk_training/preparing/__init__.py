"""Makes the splits of a label table: which photos belong together, and which split each group of them goes to."""

from fashionsdk_training.preparing.dealing import deal_groups
from fashionsdk_training.preparing.photo_groups import joined_groups
from fashionsdk_training.preparing.prepared import Prepared, Wish, prepare_table
from fashionsdk_training.preparing.summary import split_summary

__all__ = ["Prepared", "Wish", "deal_groups", "joined_groups", "prepare_table", "split_summary"]
