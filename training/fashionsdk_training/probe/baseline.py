"""What linear classifiers on frozen features reach on a run's photos, to compare the trained network with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fashionsdk.evaluation import Evaluation, evaluate
from fashionsdk.values import ValueSpace
from fashionsdk_training.data import TrainingData
from fashionsdk_training.probe.fit_probe import HELD_OUT, MOST_STEPS, STRENGTHS, TOLERANCE, fit_probe
from fashionsdk_training.probe.frozen_features import FrozenNetwork
from fashionsdk_training.probe.linear_probe import LinearProbe
from fashionsdk_training.probe.tensor_files import keep_tensors, kept_tensors

FEATURES_FILE, PROBE_FILE = "features.safetensors", "probe.safetensors"
FITTING = [list(STRENGTHS), HELD_OUT, TOLERANCE, MOST_STEPS]  # another way to fit is another probe


@dataclass(frozen=True, eq=False)
class Baseline:
    """A linear probe and its figures.

    Attributes:
        probe: the classifiers.
        evaluation: of their embeddings on the validation split.
    """

    probe: LinearProbe
    evaluation: Evaluation

    def metrics(self) -> dict[str, float]:
        """Return MAP in percent as a checkpoint stores it: ``linear_map``, ``linear_map/neckline``, ..."""
        each = {f"linear_map/{name}": value for name, value in self.evaluation.maps.items()}
        return {"linear_map": self.evaluation.overall.map, **each}


@dataclass(frozen=True, eq=False)
class ProbedPhotos:
    """A linear probe and the features that it was fitted to.

    Attributes:
        probe: the classifiers.
        train: features of the labelled training photos, float32 ``(N, F)``.
        valid: features of all validation photos, float32 ``(M, F)``.
    """

    probe: LinearProbe
    train: NDArray[np.float32]
    valid: NDArray[np.float32]


def measure_baseline(
    network: FrozenNetwork,
    data: TrainingData,
    folder: Path,
    *,
    question_power: float = 1.0,
    progress: bool = False,
) -> Baseline:
    """Fit a linear probe to the training photos and evaluate it on the validation split; see `probe_photos`.

    Its questions are asked with ``question_power``, as the trained network's are.
    """
    probed = probe_photos(network, data, folder, progress=progress)
    vectors = probed.probe.embeddings(probed.valid)
    return Baseline(probed.probe, evaluate_vectors(data, vectors, probed.probe.value_space(question_power)))


def probe_photos(network: FrozenNetwork, data: TrainingData, folder: Path, *, progress: bool = False) -> ProbedPhotos:
    """Fit a linear probe to the training photos.

    Features and probe are kept in ``folder`` and read again. A file that is damaged, or of other photos, labels,
    weights or settings, is computed again, and the log says so.

    Args:
        network: of the features.
        data: photos, their preprocessing to the network's input, and labels. Photos are not changed in any other way.
        folder: where features and probe are kept; it may be missing.
        progress: whether to show progress bars.

    Raises:
        ValueError: no training photo has a label.
        OSError: the folder cannot be written.
    """
    (labelled,) = np.nonzero((data.values >= 0).any(axis=1))
    origin = {"weights": network.digest(), "preprocessing": data.preprocessing.to_json(), "data": data.digest}
    train, valid = _features(network, data, labelled, folder / FEATURES_FILE, origin, progress)
    probe = _probe(data, labelled, train, folder / PROBE_FILE, {**origin, "fitting": FITTING}, progress)
    return ProbedPhotos(probe, train, valid)


def probe_attributes(
    network: FrozenNetwork, data: TrainingData, attributes: Sequence[int], *, progress: bool = False
) -> LinearProbe:
    """Return a linear probe of some attributes, by their places, fitted to the training photos that are labelled."""
    values = data.values[:, list(attributes)]
    (labelled,) = np.nonzero((values >= 0).any(axis=1))
    features = network.features(data.photos, data.preprocessing, labelled, progress=progress)
    named = [data.labels.attributes[a] for a in attributes]
    return fit_probe(features, values[labelled], named, progress=progress)


def evaluate_vectors(data: TrainingData, vectors: NDArray[np.float32], values: ValueSpace | None = None) -> Evaluation:
    """Evaluate embeddings ``(M, A, D)`` of the validation photos; rows of photos that cannot be read are left out."""
    (readable,) = np.nonzero(data.retrieval_photos.readable)
    names = [attribute.name for attribute in data.labels.attributes]
    return evaluate(data.retrieval, [(readable, vectors[readable])], names, values)


def _features(
    network: FrozenNetwork,
    data: TrainingData,
    labelled: NDArray[np.int64],
    file: Path,
    origin: Mapping[str, Any],
    progress: bool,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the features of the labelled training photos and of all validation photos."""
    tensors = kept_tensors(file, origin)
    if tensors is None:
        train = network.features(data.photos, data.preprocessing, labelled, progress=progress)
        valid = network.features(data.retrieval_photos, data.preprocessing, progress=progress)
        tensors = {"train": torch.from_numpy(train), "valid": torch.from_numpy(valid)}
        keep_tensors(file, tensors, origin)
    return tensors["train"].numpy(), tensors["valid"].numpy()


def _probe(
    data: TrainingData,
    labelled: NDArray[np.int64],
    features: NDArray[np.float32],
    file: Path,
    origin: Mapping[str, Any],
    progress: bool,
) -> LinearProbe:
    attributes = data.labels.attributes
    tensors = kept_tensors(file, origin)
    if tensors is not None:
        return LinearProbe(attributes, **tensors)
    probe = fit_probe(features, data.values[labelled], attributes, progress=progress)
    keep_tensors(file, probe.tensors(), origin)
    return probe
