"""Damaged inputs of every kind that the SDK reads: valid ones, changes that break them, and what reads them."""
