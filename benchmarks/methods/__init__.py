"""What is timed: methods to embed a batch (the SDK's and those in use today), callers, matrix products."""
