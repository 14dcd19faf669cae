"""The original programs' checkpoints, imported, and ASEN++ run as its program runs it."""

from fashionsdk_training.originals.convert import import_original
from fashionsdk_training.originals.layouts import LAYOUTS
from fashionsdk_training.originals.two_step import embed_pictures

__all__ = [
    "LAYOUTS",
    "embed_pictures",
    "import_original",
]
