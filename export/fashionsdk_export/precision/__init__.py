"""Fewer bits: FP16 and INT8 graphs that keep float32 where measuring says that it is needed."""
