"""The losses of a run, joined to the model so that one module maps a batch to its loss."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fashionsdk_training.config import Objective
from fashionsdk_training.losses import BatchTripletLoss, ProxyLoss, TripletLoss
from fashionsdk_training.models import AttributeModel


class Criterion(nn.Module):
    """A model and what it is trained for; distributed training wraps this module whole.

    Args:
        model: the network.
        objective: the losses and their weights.
        values: how many values each attribute has.
    """

    def __init__(self, model: AttributeModel, objective: Objective, values: Sequence[int]) -> None:
        super().__init__()
        self.model, self.objective = model, objective
        self.triplet = TripletLoss(objective.margin)
        self.batch_triplet = BatchTripletLoss(objective.margin)
        self.proxy: ProxyLoss | None = None
        if objective.proxy_weight:
            self.proxy = ProxyLoss(values, model.dimension, objective.proxy_scale, objective.label_smoothing)

    def forward(self, images: Tensor, labels: Tensor, triplets: Tensor | None) -> Tensor:
        """Return the loss of uint8 images ``(B, S, S, 3)``: on ``triplets`` if given, else on every valid one."""
        embeddings = self.model(images).embeddings
        with torch.autocast(embeddings.device.type, enabled=False):  # near 1, bfloat16 knows cosines to 0.004 only
            return self._loss(embeddings.float(), labels, triplets)

    def _loss(self, embeddings: Tensor, labels: Tensor, triplets: Tensor | None) -> Tensor:
        loss: Tensor = embeddings.sum() * 0
        if self.objective.triplet_weight and triplets is not None:
            loss = loss + self.objective.triplet_weight * self.triplet(embeddings, triplets)
        elif self.objective.triplet_weight:
            loss = loss + self.objective.triplet_weight * self.batch_triplet(embeddings, labels)
        if self.proxy is not None:
            loss = loss + self.objective.proxy_weight * self.proxy(embeddings, labels)
        return loss
