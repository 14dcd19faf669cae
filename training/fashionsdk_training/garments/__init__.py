"""Generated pictures of garments with FashionAI's eight attributes, for a clone that has no photos."""

from fashionsdk_training.garments.attributes import ATTRIBUTES
from fashionsdk_training.garments.render import Garment, draw
from fashionsdk_training.garments.table import write_table

__all__ = ["ATTRIBUTES", "Garment", "draw", "write_table"]
