"""Model and losses in one module, which maps a batch to its loss."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from fashionsdk_training.config import Objective
from fashionsdk_training.loop.step.attention_loss import attention_loss
from fashionsdk_training.loop.step.losses import (
    AutomaticWeights,
    BatchTripletLoss,
    ProxyLoss,
    TripletLoss,
    alignment_loss,
    answer_loss,
    classification_loss,
    value_loss,
)
from fashionsdk_training.models import AGMAN, ASENPlusPlus, AttributeModel, Encoded


class Criterion(nn.Module):
    """A model and its losses. Distributed training wraps this module.

    Args:
        model: the network.
        objective: the losses and their weights.
        values: how many values each attribute has.
    """

    def __init__(self, model: AttributeModel, objective: Objective, values: Sequence[int]) -> None:
        super().__init__()
        self.model, self.objective, self.values = model, objective, tuple(values)
        self.triplet = TripletLoss(objective.margin)
        self.batch_triplet = BatchTripletLoss(objective.margin)
        self.proxy: ProxyLoss | None = None
        self.local_proxy: ProxyLoss | None = None
        if objective.proxy_weight:
            branched = isinstance(model, ASENPlusPlus)
            dimension = model.dimension // 2 if branched else model.dimension
            self.proxy = ProxyLoss(values, dimension, objective.proxy_scale, objective.label_smoothing)
            self.local_proxy = deepcopy(self.proxy) if branched else None
        self.weigh: AutomaticWeights | None = None
        if objective.automatic_weights and isinstance(model, AGMAN):
            self.weigh = AutomaticWeights(2)
        self.global_only = False  # ASEN++'s first stage

    def forward(
        self,
        images: Tensor,
        labels: Tensor,
        triplets: Tensor | None,
        boxes: Tensor | None = None,
        answers: Tensor | None = None,
    ) -> Tensor:
        """Return the loss of uint8 images ``(B, H, W, 3)``: on ``triplets`` if given, else on every valid one.

        With ``boxes`` ``(B, A, 4)`` it includes that of attention outside them, see `attention_loss`. With ``answers``
        ``(B, A, V)``, the teachers', CAM's classifiers learn those too.
        """
        shown = labels >= 0 if triplets is None else _pairs(labels, triplets)
        encoded = self._encode(images, shown if self.proxy is None else labels >= 0)
        with torch.autocast(images.device.type, enabled=False):  # near 1, cosines in bfloat16 are 0.004 apart
            loss = self._loss(encoded, labels, triplets, shown)
            if answers is not None:
                assert encoded.logits is not None, "the settings refuse teachers for networks without classifiers"
                share = self.objective.teacher_weight
                loss = (1 - share) * loss + share * answer_loss(encoded.logits, answers, labels >= 0)
            if boxes is None:
                return loss
            assert encoded.attention is not None, "the loader refuses boxes for a network without attention"
            return loss + self.objective.attention_weight * attention_loss(encoded.attention, boxes)

    def _encode(self, images: Tensor, needed: Tensor) -> Encoded:
        if self.global_only and isinstance(self.model, ASENPlusPlus):
            return self.model.encode_global(self.model.normalise(images))
        encoded: Encoded = self.model(images, needed)
        return encoded

    def _loss(self, encoded: Encoded, labels: Tensor, triplets: Tensor | None, shown: Tensor) -> Tensor:
        """Return the loss; ``shown``, bool ``(B, A)``, says for which attributes each photo is in the batch."""
        if encoded.branches is not None:
            return self._branches_loss(*encoded.branches, labels, triplets, shown)
        if encoded.logits is not None:
            return value_loss(encoded.logits, labels, self.objective.label_smoothing)
        loss = self._metric_loss(encoded.embeddings, labels, triplets, self.proxy)
        if encoded.class_logits is None:
            return loss
        classified = classification_loss(encoded.class_logits, shown)
        if self.weigh is not None:
            weighed: Tensor = self.weigh([loss, classified])
            return weighed
        return loss + self.objective.classification_weight * classified

    def _branches_loss(
        self, whole: Tensor, part: Tensor, labels: Tensor, triplets: Tensor | None, shown: Tensor
    ) -> Tensor:
        """Return ASEN++'s second stage's loss of the global and local embeddings ``(B, A, D/2)``."""
        loss = self._metric_loss(whole, labels, triplets, self.proxy)
        local = self._metric_loss(part, labels, triplets, self.local_proxy)
        aligned = alignment_loss(whole, part, shown)
        return loss + self.objective.local_weight * local + self.objective.alignment_weight * aligned

    def _metric_loss(
        self, embeddings: Tensor, labels: Tensor, triplets: Tensor | None, proxy: ProxyLoss | None
    ) -> Tensor:
        loss: Tensor = embeddings.sum() * 0
        if self.objective.triplet_weight and triplets is not None:
            loss = loss + self.objective.triplet_weight * self.triplet(embeddings, triplets)
        elif self.objective.triplet_weight:
            loss = loss + self.objective.triplet_weight * self.batch_triplet(embeddings, labels)
        if proxy is not None:
            loss = loss + self.objective.proxy_weight * proxy(embeddings, labels)
        return loss


def _pairs(labels: Tensor, triplets: Tensor) -> Tensor:
    """Return which (photo, attribute) pairs ``(B, A)`` occur in the triplets ``(T, 4)``."""
    needed = torch.zeros_like(labels, dtype=torch.bool)
    for column in range(3):
        needed[triplets[:, column], triplets[:, 3]] = True
    return needed
