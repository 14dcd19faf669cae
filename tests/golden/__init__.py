"""Outputs of the original programs, and the formulas to rebuild what went in."""
