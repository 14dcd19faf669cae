"""Finds photos of which one was made from another: saved again, in another size, cropped or mirrored."""

from fashionsdk_training.cleaning.copies.aligned import SIDE, Agreement
from fashionsdk_training.cleaning.copies.copy_search import NearCopy, near_copies

__all__ = ["SIDE", "Agreement", "NearCopy", "near_copies"]
