"""Makes the inputs of benchmarks: bundles, photos, tables."""
