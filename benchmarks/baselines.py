"""What do simple systems reach on a labelled table? Random ranking, frozen features, and linear classifiers on them.

    python benchmarks/baselines.py --data shop/labels.csv

Frozen features: EfficientNet-Lite0's pooled ImageNet features, the same vector for every attribute, by cosine.
Linear: one multinomial logistic regression per attribute on them, compared by the square roots of its class
probabilities (their inner product is the Bhattacharyya coefficient); C chosen on a fifth of the training photos.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk.evaluation import Evaluation, evaluate
from fashionsdk_training.cli import show_log
from fashionsdk_training.config import HALF
from fashionsdk_training.data import PhotoCache, TrainingData, load_training_data
from fashionsdk_training.models.parts import PACKAGED, packaged_weights

SIDE, BATCH = 224, 64
PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1)


@torch.inference_mode()
def features(photos: PhotoCache) -> NDArray[np.float32]:
    """Return pooled features ``(N, 1280)``; rows of unreadable photos are those of a black picture."""
    model = timm.create_model(PACKAGED, num_classes=0)
    weights = packaged_weights(PACKAGED)
    model.load_state_dict({key: weights[key] for key in model.state_dict()})
    model.eval()
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (HALF, HALF))
    rows = []
    for part in progress_bar(slices(len(photos.pixels), BATCH), "features", None, "batch"):
        pixels = torch.from_numpy(np.array(photos.pixels[part])).permute(0, 3, 1, 2) / 255
        rows.append(model((pixels - mean) / std).numpy())
    return np.concatenate(rows)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def score(data: TrainingData, vectors: list[NDArray[np.float32]]) -> Evaluation:
    """Score one array ``(M, D_a)`` per attribute; shorter ones are padded with zeros, which changes no cosine."""
    width = max(array.shape[1] for array in vectors)
    padded = [np.pad(array, ((0, 0), (0, width - array.shape[1]))) for array in vectors]

    def readable() -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        yield np.flatnonzero(data.retrieval_photos.readable), np.stack(padded, 1)[data.retrieval_photos.readable]

    return evaluate(data.retrieval, readable(), [attribute.name for attribute in data.labels.attributes])


def posteriors(x: NDArray[np.float32], y: NDArray[np.int32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the square roots of the class probabilities of ``target``."""
    folds = np.arange(len(y)) % 5 == 0
    common = np.isin(y, y[~folds])
    best = max(PENALTIES, key=lambda c: fit(x[~folds], y[~folds], c).score(x[folds & common], y[folds & common]))
    return np.asarray(np.sqrt(fit(x, y, best).predict_proba(target)), np.float32)


def fit(x: NDArray[np.float32], y: NDArray[np.int32], penalty: float) -> LogisticRegression:
    return LogisticRegression(C=penalty, max_iter=300, tol=1e-3).fit(x, y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--cache", type=Path, default=Path("runs/photos"))
    args = parser.parse_args()
    show_log()
    data = load_training_data(args.data, SIDE, SIDE, args.cache)
    train, valid = features(data.photos), features(data.retrieval_photos)
    scaler = StandardScaler().fit(train)
    x, target = (scaler.transform(part).astype(np.float32) for part in (train, valid))
    linear = []
    for a in progress_bar(range(data.values.shape[1]), "linear classifiers", None, "attribute"):
        known = data.values[:, a] >= 0
        linear.append(posteriors(x[known], data.values[known, a], target))
    for name, vectors in {"frozen features": [unit(valid)] * len(linear), "linear classifiers": linear}.items():
        evaluation = score(data, [unit(array) for array in vectors])
        print(f"\n{name}\n{evaluation.table()}")
        print(json.dumps({"system": name, **evaluation.to_json()}))


if __name__ == "__main__":
    main()
