"""What reading a photo may take: bounds of one file, and the memory that all readers of a process share."""

from fashionsdk.photos.limits._bounds import MAX_PIXELS, check_demand, check_file, check_size, image_bytes
from fashionsdk.photos.limits._budget import Budget, hold_while_reading

__all__ = ["MAX_PIXELS", "Budget", "check_demand", "check_file", "check_size", "hold_while_reading", "image_bytes"]
