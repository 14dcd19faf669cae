"""Drift: the standard gallery, its errors, and what can be said."""
