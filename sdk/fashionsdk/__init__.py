"""Attribute-specific fashion retrieval: find items that share a neckline, a sleeve length, a colour."""
