"""Losses on embeddings ``(B, A, D)`` with labels ``(B, A)``, -1 where a photo has none for an attribute."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fashionsdk_training.models import NEVER


class TripletLoss(nn.Module):
    """The papers' loss: ``max(0, margin - cos(anchor, positive) + cos(anchor, negative))``, mean over triplets.

    Ma et al., AAAI 2020, arXiv:2002.02814, equation 8.
    """

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, triplets: Tensor) -> Tensor:
        """Return the mean loss of ``triplets`` ``(T, 4)``: rows of anchor, positive, negative, attribute indices."""
        anchor, positive, negative, attribute = triplets.T
        a, p, n = (embeddings[row, attribute] for row in (anchor, positive, negative))  # each (T, D)
        return torch.relu(self.margin - (a * p).sum(-1) + (a * n).sum(-1)).mean()


class BatchTripletLoss(nn.Module):
    """Every valid triplet of a batch for every labelled attribute ("batch all", Hermans et al., arXiv:1703.07737).

    It is the mean over each anchor's triplets with a loss above zero, then over anchors, so that a frequent value does
    not outweigh a rare one.
    """

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of embeddings ``(B, A, D)`` with labels ``(B, A)``; 0 where no triplet is valid."""
        anchors = [
            self._anchor_losses(embeddings[known, a], labels[known, a])
            for a in range(labels.shape[1])
            if (known := labels[:, a] >= 0).any()
        ]
        losses = torch.cat([*anchors, embeddings.new_zeros(0)])
        return losses.mean() if len(losses) else embeddings.sum() * 0

    def _anchor_losses(self, vectors: Tensor, labels: Tensor) -> Tensor:
        scores = vectors @ vectors.T  # (n, n)
        same = labels[:, None] == labels[None, :]
        positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        valid = positive[:, :, None] & ~same[:, None, :]  # (anchor, positive, negative)
        losses = torch.relu(self.margin - scores[:, :, None] + scores[:, None, :]) * valid
        active = (losses > 0).sum(dim=(1, 2))
        return (losses.sum(dim=(1, 2)) / active.clamp(min=1))[valid.any(dim=2).any(dim=1)]


class ProxyLoss(nn.Module):
    """Cross-entropy on the cosine to one learnt proxy per value (NormFace, Wang et al., arXiv:1704.06369).

    The proxies belong to the loss, not to the model, because they are needed in training only.

    Args:
        values: how many values each of the A attributes has.
        dimension: D.
        scale: factor of the cosines.
        smoothing: label smoothing, for labels that are not always right.
    """

    def __init__(self, values: Sequence[int], dimension: int, scale: float = 16.0, smoothing: float = 0.1) -> None:
        super().__init__()
        self.scale, self.smoothing = scale, smoothing
        self.proxies = nn.ParameterList(nn.Parameter(torch.randn(count, dimension)) for count in values)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss over all labels of embeddings ``(B, A, D)`` with labels ``(B, A)``."""
        losses = [embeddings.sum() * 0 + sum(proxy.sum() * 0 for proxy in self.proxies)]
        for a, proxies in enumerate(self.proxies):
            if len(proxies) < 2:
                continue  # there is nothing to learn, and the smoothed cross-entropy over no class would be NaN
            known = labels[:, a] >= 0
            logits = self.scale * embeddings[known, a] @ nn.functional.normalize(proxies, dim=-1).T
            losses.append(
                nn.functional.cross_entropy(logits, labels[known, a], reduction="sum", label_smoothing=self.smoothing)
            )
        return torch.stack(losses).sum() / (labels >= 0).sum().clamp(min=1)


def alignment_loss(first: Tensor, second: Tensor, needed: Tensor) -> Tensor:
    """Return the mean of ``1 - cos`` of unit-length embeddings ``(B, A, D)`` over the pairs in ``needed`` ``(B, A)``.

    Dong et al., IEEE TIP 2021, arXiv:2104.02429, section III-D. The original adds the means over anchors, positives
    and negatives, three times this.
    """
    cosines = (first * second).sum(dim=-1)[needed]
    return torch.relu(1 - cosines).sum() / max(1, len(cosines))


def classification_loss(logits: Tensor, shown: Tensor) -> Tensor:
    """Return the binary cross-entropy of ``logits`` ``(B, A)`` with the attributes that a photo stands for, ``(B, A)``.

    Xiao and Yamasaki, 2023, arXiv:2301.13014: all values of an attribute are one class, and a photo of a triplet stands
    for the triplet's attribute. A photo of a group stands for every attribute that it is labelled for.
    """
    return nn.functional.binary_cross_entropy_with_logits(logits, shown.to(logits.dtype))


class AutomaticWeights(nn.Module):
    """The sum of ``0.5 e^s L + s`` over losses L, each with its learnt s (arXiv:2301.13014).

    The sign is the original program's: where Kendall et al. (arXiv:1705.07115) have ``e^-s``, it has ``e^s``, so the
    minimum lies at minus infinity and all weights fall slowly as s does, by about the learning rate a step.
    """

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.scales = nn.Parameter(torch.ones(losses))

    def forward(self, losses: Sequence[Tensor]) -> Tensor:
        """Return the weighted sum."""
        return (0.5 * self.scales.exp() * torch.stack(list(losses)) + self.scales).sum()


def value_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Return the cross-entropy of logits ``(B, A, V)``, summed over a photo's labels and averaged over photos.

    Args:
        logits: of the values of each attribute. Those near ``NEVER`` are of no value, or of one that no training photo
            has.
        labels: ``(B, A)``, -1 where a photo has none.
        smoothing: of the labels, for labels that are not always right. Values near ``NEVER`` get no share of it: their
            loss has no lower bound, and features would follow it.
    """
    scores, possible = torch.log_softmax(logits, dim=-1), logits > NEVER / 2
    right = scores.gather(2, labels.clamp(min=0)[..., None]).squeeze(2)
    any_value = torch.where(possible, scores, 0).sum(dim=-1) / possible.sum(dim=-1).clamp(min=1)
    losses = -((1 - smoothing) * right + smoothing * any_value)
    return torch.where(labels >= 0, losses, 0).sum() / len(labels)


def answer_loss(logits: Tensor, answers: Tensor, asked: Tensor) -> Tensor:
    """Return the cross-entropy of logits ``(B, A, V)`` with a teacher's probabilities, scaled as `value_loss` is.

    Hinton et al., 2015, arXiv:1503.02531, at temperature 1.

    Args:
        logits: of the values of each attribute.
        answers: the teacher's probabilities, ``(B, A, V)``. Those of values near ``NEVER``, which the teacher has seen
            and no photo here has, do not count.
        asked: bool ``(B, A)``, the attributes that count. A teacher's answer to what a photo does not have, such as the
            neckline of a shoe, is no knowledge.
    """
    possible = answers * (logits > NEVER / 2)
    losses = -(possible * torch.log_softmax(logits, dim=-1)).sum(dim=-1)
    return torch.where(asked, losses, 0).sum() / len(logits)
