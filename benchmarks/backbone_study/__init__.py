"""What backbones cost, what linear classifiers on their features reach, and who may use their weights."""
