"""Weights of CAM networks whose classifiers are linear probes: on pretrained features, and on trained ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.data import TrainingData
from fashionsdk_training.loop.run_model import start_model
from fashionsdk_training.models import CAMNetwork
from fashionsdk_training.probe import FrozenNetwork, probe_attributes, start_from_probe


@dataclass(frozen=True, eq=False)
class LinearWeights:
    """Fits linear probes to the photos of one run.

    Attributes:
        config: the run's settings.
        data: photos and labels.
        folder: where features and probes of the pretrained network are kept.
        device: where features are computed.
        progress: whether to show progress bars.
    """

    config: TrainConfig
    data: TrainingData
    folder: Path
    device: torch.device
    progress: bool = False

    def pretrained(self) -> dict[str, Tensor]:
        """Return the weights that training starts from: linear probes on the pretrained network's features."""
        values = [len(attribute.values) for attribute in self.data.labels.attributes]
        torch.manual_seed(self.config.seed)
        model = start_model(self.config, values).to(self.device)
        start_from_probe(model, self.config.model, self.data, self.folder, progress=self.progress)
        return model.state_dict()

    def refitted(self, checkpoint: Checkpoint, attributes: Sequence[int]) -> dict[str, Tensor]:
        """Return classifiers on a checkpoint's own features, those of `CAMNetwork.BY_ATTRIBUTE`: linear probes.

        They have no query and no colours: all positions count alike. Rows of other attributes are zeros.

        Args:
            checkpoint: a CAM network after training.
            attributes: their places.
        """
        model = checkpoint.build().to(self.device)
        assert isinstance(model, CAMNetwork), "only CAM has linear classifiers"
        network = FrozenNetwork.of_levels(model.backbone, checkpoint.model, self.device)
        probe = probe_attributes(network, self.data, attributes, progress=self.progress)
        trained = checkpoint.weights
        weights = {name: torch.zeros_like(trained[name]) for name in CAMNetwork.BY_ATTRIBUTE if name in trained}
        average, deviation = (trained[name].cpu() for name in ("average", "deviation"))
        for own, a in enumerate(attributes):
            rows = probe.rows(own)
            weight = probe.weight[rows] / probe.deviation  # of features as they are
            weights["rows"][a, : len(weight)] = weight * deviation
            weights["bias"][a, : len(weight)] = probe.bias[rows] + weight @ (average - probe.mean)
        return weights
