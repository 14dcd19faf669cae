"""Ways to embed a batch: ours, and what users have today."""
