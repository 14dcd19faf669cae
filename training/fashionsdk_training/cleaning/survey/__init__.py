"""Counts what a label table holds, and which of its photos show one picture."""

from fashionsdk_training.cleaning.survey.label_counts import AttributeCount, LabelCounts, count_labels
from fashionsdk_training.cleaning.survey.repeated_photos import RepeatedPicture, repeated_pictures
from fashionsdk_training.cleaning.survey.table_photos import TableItems, table_items

__all__ = [
    "AttributeCount",
    "LabelCounts",
    "RepeatedPicture",
    "TableItems",
    "count_labels",
    "repeated_pictures",
    "table_items",
]
