"""Turn a trained checkpoint into a bundle: fused static graphs, proved against PyTorch."""
