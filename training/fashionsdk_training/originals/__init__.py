"""The original programs' checkpoints, imported."""

from fashionsdk_training.originals.convert import Imported, import_original
from fashionsdk_training.originals.layouts import LAYOUTS, Original
from fashionsdk_training.originals.two_step import embed_pictures, region_box

__all__ = ["LAYOUTS", "Imported", "Original", "embed_pictures", "import_original", "region_box"]
