"""CAM: linear classifiers on averaged features, whose evidence has a place (class activation maps).

Zhou et al., CVPR 2016, arXiv:1512.04150: a classifier that is linear in features averaged over positions is the mean of
its answers at the positions. So what speaks for a value is known position by position, before pooling, and training
needs no layer that chooses where to look. It starts from a linear probe (Kumar et al., ICLR 2022, arXiv:2202.10054).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Encoded, ValuePlace, pool, unit
from fashionsdk_training.models.parts import ColourLevel, LevelsBackbone, Size
from fashionsdk_training.models.posterior import NEVER


class CAMNetwork(AttributeModel):
    """One linear classifier per attribute on the mean of two levels of features, and on colours if asked for.

    The embedding is ``[sqrt(w) sqrt(p) ; sqrt(1 - w) e]``: p the probabilities of the attribute's values, as in
    `PosteriorModel`, and e the looks: the features that matter for the attribute, projected to few dimensions. Of a
    plain attribute w is 1.
    Attention is the evidence for the probable values and against the others, as a softmax over positions.

    Args:
        config: backbone, sizes, and how many values each attribute has.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
        input: height and width of the images in pixels, for backbones that are built for a size; None for timm's.

    Raises:
        ValueError: the settings do not say how many values the attributes have.
    """

    # Weights that are each attribute's own, by rows.
    BY_ATTRIBUTE = ("rows", "bias", "where", "colours.rows", "colours.where")

    absent: Tensor
    sharpness: Tensor
    weight: Tensor
    average: Tensor
    deviation: Tensor
    looks: Tensor

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(config.mean, config.std)
        if len(config.values) != attributes:
            raise ValueError(f"values of {len(config.values)} attributes for {attributes}; expected one number each")
        self.backbone = LevelsBackbone(config.backbone, config.stage, drop_path, input)
        self.most, self.focus, self.question_power = max(config.values), config.attention_focus, config.question_power
        channels, looks = self.backbone.channels, config.embedding_dimension
        self.register_buffer("average", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.register_buffer("looks", torch.zeros(attributes, looks, channels))
        plain = [a in config.plain for a in range(attributes)]
        self.factors = [1.0 if each else config.posterior_scale for each in plain]
        weights = [1.0 if each else config.posterior_weight for each in plain]
        self.register_buffer("sharpness", torch.tensor(self.factors)[:, None], persistent=False)  # (A, 1)
        self.register_buffer("weight", torch.tensor(weights)[:, None], persistent=False)  # (A, 1)
        self.register_buffer("absent", absent_values(config.values), persistent=False)  # (A, V)
        self.drop = nn.Dropout(config.feature_dropout)
        self.rows = nn.Parameter(torch.zeros(attributes, self.most, channels))
        self.bias = nn.Parameter(torch.zeros(attributes, self.most))
        fine, stride = self.backbone.fine_channels, self.backbone.stride
        self.where = nn.Parameter(torch.zeros(attributes, fine)) if config.position_queries else None
        self.colours: ColourLevel | None = None
        if config.colour_tones:
            tones, space = config.colour_tones, config.colour_space
            self.colours = ColourLevel(tones, stride, fine, attributes, self.most, space)

    @torch.no_grad()
    def start(self, average: Tensor, deviation: Tensor, rows: Tensor, bias: Tensor, looks: Tensor) -> None:
        """Take the classifiers that training starts from.

        Args:
            average: ``(C,)``, of pooled features over the training photos.
            deviation: ``(C,)``, likewise.
            rows: ``(A, V, C)``, on standardised features; zeros for absent values.
            bias: ``(A, V)``, likewise.
            looks: ``(A, D', C)``, directions of the standardised features that matter for an attribute.
        """
        pairs = ((self.average, average), (self.deviation, deviation), (self.rows, rows), (self.bias, bias))
        for own, given in (*pairs, (self.looks, looks)):
            own.copy_(given)

    @property
    def channels(self) -> int:
        """C, of both levels."""
        return self.backbone.channels

    @property
    def dimension(self) -> int:
        """D, a number for each value of the attribute that has most, and the looks."""
        return self.most + self.looks.shape[1]

    def value_places(self) -> dict[int, ValuePlace]:
        """Return the first places: roots of probabilities come before the looks."""
        return {a: ValuePlace(0, factor, self.question_power) for a, factor in enumerate(self.factors)}

    def backbones(self) -> list[LevelsBackbone]:
        """Return the one backbone."""
        return [self.backbone]

    def constants(self) -> Constants:
        """Return nothing: no part of this network depends on the attributes alone."""
        return ()

    def features(self, pixels: Tensor) -> Tensor:
        """Return both levels' features ``(B, C, h, w)``."""
        features: Tensor = self.backbone(pixels)
        return features

    def head(self, features: Tensor, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map ``(B, C, h, w)`` for all attributes; ``needed`` is ignored."""
        finer = self.finer(features)
        priority, colours = self.priority(finer), self.colours_of(pixels, finer)
        pooled = self.standardised(pooled_by(features, priority))
        logits = self.logits(pooled, colours)
        probabilities = torch.softmax(self.sharpness * logits, dim=-1)
        looks = unit((self.looks @ pooled[..., None]).squeeze(-1))  # (A, D', C) @ (B, A or 1, C, 1)
        joined = [self.weight.sqrt() * probabilities.sqrt(), (1 - self.weight).sqrt() * looks]
        attention = self.attention(features, probabilities, priority)
        return Encoded(torch.cat(joined, dim=-1), attention, logits=logits)

    def finer(self, features: Tensor) -> Tensor:
        """Return the finer map of both levels' features, standardised: ``(B, F, h, w)``."""
        first = self.backbone.last_channels
        average, deviation = (each[first:, None, None] for each in (self.average, self.deviation))
        return (features[:, first:].float() - average) / deviation

    def priority(self, finer: Tensor) -> Tensor | None:
        """Return scores ``(B, A, h*w)`` whose softmax says how much each position of a map counts for an attribute.

        They see the finer map alone: a position of the last one has seen the whole photo, and counts for what is far
        from it. None if the network has no queries: then all count alike.
        """
        return None if self.where is None else self.where @ finer.flatten(2)

    def standardised(self, pooled: Tensor) -> Tensor:
        """Return pooled features ``(..., C)`` minus the training photos' average, over their deviation."""
        return (pooled.float() - self.average) / self.deviation

    def colours_of(self, pixels: Tensor, finer: Tensor) -> Tensor | None:
        """Return the colours that matter for each attribute, ``(B, A, T)``, if the network has that level."""
        if self.colours is None:
            return None
        samples = self.colours.cells.samples(pixels) * self.std + self.mean  # few numbers, once they are averaged
        found: Tensor = self.colours(samples / 255, finer)
        return found

    def logits(self, pooled: Tensor, colours: Tensor | None = None) -> Tensor:
        """Return the logits ``(B, A, V)`` of standardised features; of absent values, one never chosen.

        The features are ``(B, A, C)``, or ``(B, 1, C)`` if they are the same for all attributes.
        """
        scores = self.rows @ self.drop(pooled)[..., None]  # (A, V, C) @ (B, A or 1, C, 1) -> (B, A, V, 1)
        logits: Tensor = scores.squeeze(-1) + self.bias + self.absent
        return logits if self.colours is None or colours is None else logits + self.colours.logits(colours)

    def attention(self, features: Tensor, probabilities: Tensor, priority: Tensor | None = None) -> Tensor:
        """Return ``(B, A, h, w)``: each position's evidence for the probable values, against the others.

        A value's evidence at a position is its row times the position's features, so its mean over positions is what
        features add to the logit. Colours are left out: the evidence of a cell with a rare tone is large, wherever it
        is. The values are weighted by ``probabilities`` ``(B, A, V)`` less their mean over the attribute's values. With
        ``priority`` the softmax starts from how much a position counts, not from equal shares.
        """
        present = (self.absent == 0).float()
        contrast = probabilities - present / present.sum(dim=-1, keepdim=True)
        rows = contrast[:, :, None] @ (self.rows / self.deviation)  # (B, A, 1, V) @ (A, V, C)
        scores: Tensor = rows.squeeze(2) @ features.float().flatten(2)  # (B, A, C) @ (B, C, h*w)
        scores = self.focus * scores if priority is None else self.focus * scores + priority
        return torch.softmax(scores, dim=-1).reshape(-1, len(self.rows), *features.shape[2:])


def pooled_by(features: Tensor, priority: Tensor | None) -> Tensor:
    """Return features ``(B, C, h, w)`` averaged over positions by the softmax of ``(B, A, h*w)``: ``(B, A, C)``.

    Without priorities it is the plain mean, ``(B, 1, C)``.
    """
    if priority is None:
        return pool(features)[:, None]
    return torch.softmax(priority, dim=-1) @ features.float().flatten(2).transpose(1, 2)  # (B, A, h*w) @ (B, h*w, C)


def absent_values(values: Sequence[int]) -> Tensor:
    """Return what is added to the logits ``(A, V)``: 0 for a value of the attribute, never chosen beyond its last."""
    return (torch.arange(max(values)) >= torch.tensor(values)[:, None]) * NEVER
