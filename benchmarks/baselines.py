"""What do simple systems reach on a labelled table? Random ranking, frozen features, and linear classifiers on them.

    python benchmarks/baselines.py --data shop/labels.csv

Frozen features: EfficientNet-Lite0's pooled ImageNet features, the same vector for every attribute, by cosine.
Linear: one multinomial logistic regression per attribute on them, compared by the square roots of its class
probabilities (their inner product is the Bhattacharyya coefficient); C chosen on a fifth of the training photos. It is
what training measures as it goes, at 224 pixels instead of the run's own side.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fashionsdk.photos import FITS, Preprocessing
from fashionsdk_training.cli import input_side, show_log
from fashionsdk_training.config import ModelConfig
from fashionsdk_training.data import PhotoCache, load_training_data
from fashionsdk_training.models.parts import PACKAGED
from fashionsdk_training.probe import FrozenNetwork, evaluate_vectors, fit_probe

SIDE = 224


def features(photos: PhotoCache, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return pooled features ``(N, 1280)``; rows of unreadable photos are those of a black picture."""
    network = FrozenNetwork.load(ModelConfig(backbone=PACKAGED), "package", torch.device("cpu"))
    return network.features(photos, preprocessing, progress=True)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--cache", type=Path, default=Path("runs/photos"))
    parser.add_argument(
        "--side", type=input_side, default=SIDE, help="pixels, or height x width (default: %(default)s)"
    )
    parser.add_argument("--fit", choices=FITS, default=FITS[0], help="as of train.py (default: %(default)s)")
    args = parser.parse_args()
    show_log()
    data = load_training_data(args.data, args.side, args.side, args.cache, fit=args.fit)
    train, valid = features(data.photos, data.preprocessing), features(data.retrieval_photos, data.preprocessing)
    readable, attributes = data.photos.readable, data.labels.attributes
    begin = time.monotonic()
    probe = fit_probe(train[readable], data.values[readable], attributes, progress=True)
    seconds = time.monotonic() - begin
    frozen = np.repeat(unit(valid)[:, None], len(attributes), axis=1)
    for name, vectors in {"frozen features": frozen, "linear classifiers": probe.embeddings(valid)}.items():
        evaluation = evaluate_vectors(data, vectors)
        print(f"\n{name}\n{evaluation.table()}")
        print(json.dumps({"system": name, **evaluation.to_json()}))
    print(f"\nfitting took {seconds:.1f} s")


if __name__ == "__main__":
    main()
