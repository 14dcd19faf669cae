"""Train attribute-specific embedding models from labelled photos."""
