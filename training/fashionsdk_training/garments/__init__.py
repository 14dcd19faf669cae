"""Generated pictures of garments with FashionAI's eight attributes, for use without photos."""

from fashionsdk_training.garments.garment_table import write_table
from fashionsdk_training.garments.render import Garment, draw
from fashionsdk_training.garments.vocabulary import ATTRIBUTES

__all__ = ["ATTRIBUTES", "Garment", "draw", "write_table"]
