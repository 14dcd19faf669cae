"""The original programs' checkpoints, imported, and ASEN++ run as its program runs it."""
