"""Checkpoints of the papers' programs: import them, and run ASEN++ in the two steps of its program."""

from fashionsdk_training.originals.convert import import_original
from fashionsdk_training.originals.two_step import embed_pictures

__all__ = [
    "embed_pictures",
    "import_original",
]
