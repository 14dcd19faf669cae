"""What questions run on: bundles, photos, tables."""
