"""Start a CAM network from a linear probe (Kumar et al., ICLR 2022, arXiv:2202.10054)."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.data import TrainingData
from fashionsdk_training.models import AttributeModel, CAMNetwork
from fashionsdk_training.probe.baseline import probe_photos
from fashionsdk_training.probe.frozen_features import FrozenNetwork
from fashionsdk_training.probe.linear_probe import LinearProbe


def start_from_probe(
    model: AttributeModel,
    config: ModelConfig,
    data: TrainingData,
    folder: Path,
    *,
    progress: bool = False,
) -> None:
    """Give ``model`` the linear classifiers on its backbone's features, so that training starts where they are.

    Args:
        model: a CAM network with the backbone's first weights.
        config: its settings.
        data: photos and labels.
        folder: where features and classifiers are kept, see `probe_photos`.
        progress: whether to show progress bars.

    Raises:
        OSError: the folder cannot be written.
    """
    assert isinstance(model, CAMNetwork), "only CAM starts from linear classifiers"
    network = FrozenNetwork.of_levels(model.backbone, config, model.mean.device)
    probed = probe_photos(network, data, folder, progress=progress)
    probe = probed.probe
    counts = [len(attribute.values) for attribute in probe.attributes]
    rows = torch.zeros(len(counts), max(counts), probe.weight.shape[1])
    bias = torch.zeros(len(counts), max(counts))
    for a, count in enumerate(counts):
        rows[a, :count], bias[a, :count] = probe.weight[probe.rows(a)], probe.bias[probe.rows(a)]
    model.start(probe.mean, probe.deviation, rows, bias, looks_of(probe, probed.train, model.looks.shape[1]))


def looks_of(probe: LinearProbe, features: NDArray[np.float32], dimension: int) -> Tensor:
    """Return directions ``(A, D', F)`` in which photos differ most, each feature by how much it matters.

    A feature matters for an attribute as the root of its mean squared weight over the values. The directions are the
    principal components, about zero, of the standardised features times that.

    Args:
        probe: the classifiers.
        features: ``(N, F)``, of the training photos.
        dimension: D'. With fewer features the rest are zeros.
    """
    standardised = (torch.from_numpy(features) - probe.mean) / probe.deviation
    covariance = standardised.T @ standardised / len(standardised)  # (F, F)
    looks = torch.zeros(len(probe.attributes), dimension, covariance.shape[0])
    for a in range(len(probe.attributes)):
        matters = probe.weight[probe.rows(a)].square().mean(dim=0).sqrt()
        matters = matters if bool(matters.any()) else torch.ones_like(matters)
        _, directions = torch.linalg.eigh(covariance * matters[:, None] * matters)
        found = directions.flip(1)[:, :dimension].T * matters
        looks[a, : len(found)] = found
    return looks
