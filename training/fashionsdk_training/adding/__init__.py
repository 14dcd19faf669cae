"""Attributes added to a trained network: nothing old is trained again, and no old embedding changes by a bit."""
