"""Turn a trained checkpoint into a bundle: fused static graphs, checked against PyTorch."""
