"""CAM: linear classifiers on averaged features, whose evidence has a place (class activation maps).

Zhou et al., CVPR 2016, arXiv:1512.04150: a classifier that is linear in features averaged over positions is the mean of
its answers at the positions. So what speaks for a value is known position by position, before pooling, and training
needs no layer that chooses where to look. It starts from a linear probe (Kumar et al., ICLR 2022, arXiv:2202.10054).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Encoded, Maps, ValuePlace, pool, unit
from fashionsdk_training.models.parts import ColourLevel, Levels, LevelsBackbone, Size, on_grid
from fashionsdk_training.models.posterior import NEVER


class CAMNetwork(AttributeModel):
    """One linear classifier per attribute on two levels of features, pooled, and on colours if asked for.

    The last map says what there is: it is averaged over all positions, each of which has seen the whole photo. In the
    finer map a query for each attribute says where that is: how much a position counts.

    The embedding is ``[sqrt(w) sqrt(p) ; sqrt(1 - w) e]``: p the probabilities of the attribute's values, as in
    `PosteriorModel`, and e the looks: the features that matter for the attribute, projected to few dimensions. Of a
    plain attribute w is 1.
    Attention is how much the queries let each position count, and the evidence for the probable values and against the
    others, as a softmax over positions.

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
        self.drop, self.last_dropout = nn.Dropout(config.feature_dropout), config.last_map_dropout
        self.rows = nn.Parameter(torch.zeros(attributes, self.most, channels))
        self.bias = nn.Parameter(torch.zeros(attributes, self.most))
        fine, stride = self.backbone.fine_channels, self.backbone.stride
        self.where = nn.Parameter(torch.zeros(attributes, fine)) if config.position_queries else None
        self.colours: ColourLevel | None = None
        if config.colour_tones:
            tones, space, dropout = config.colour_tones, config.colour_space, config.colour_dropout
            self.colours = ColourLevel(tones, stride, fine, attributes, self.most, space, dropout)

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

    def features(self, pixels: Tensor) -> Levels:
        """Return the last map and the finer one."""
        levels: Levels = self.backbone(pixels)
        return levels

    def joined(self, features: Maps) -> Tensor:
        """Return both levels on the finer one's grid, ``(B, C, h, w)``."""
        return Levels(*features).joined()

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed both levels for all attributes; ``needed`` is ignored."""
        levels = Levels(*features)
        finer = self.finer(levels)
        priority, colours = self.priority(finer), self.colours_of(pixels, finer)
        pooled = self.without_some_last(self.standardised(pooled_by(levels, priority)))
        logits = self.logits(pooled, colours)
        probabilities = torch.softmax(self.sharpness * logits, dim=-1)
        looks = unit((self.looks @ pooled[..., None]).squeeze(-1))  # (A, D', C) @ (B, A or 1, C, 1)
        parts = [self.weight.sqrt() * probabilities.sqrt(), (1 - self.weight).sqrt() * looks]
        attention = self.attention(levels, probabilities, priority)
        return Encoded(torch.cat(parts, dim=-1), attention, logits=logits)

    def finer(self, levels: Levels) -> Tensor:
        """Return the finer map, standardised: ``(B, F, h, w)``."""
        average, deviation = (self.by_level(each)[1][:, None, None] for each in (self.average, self.deviation))
        return (levels.fine.float() - average) / deviation

    def priority(self, finer: Tensor) -> Tensor | None:
        """Return scores ``(B, A, h*w)`` whose softmax says how much each position counts for an attribute.

        None if the network has no queries: then all count alike.
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

    def without_some_last(self, pooled: Tensor) -> Tensor:
        """Return standardised features ``(B, A or 1, C)``; in training some as if the last map were an average one.

        The last map alone tells most values, from anywhere in the photo. Left to it, queries need not find the place.
        """
        if not self.training or not self.last_dropout:
            return pooled
        last, fine = self.by_level(pooled)
        stays = torch.rand(*pooled.shape[:2], 1, device=pooled.device) >= self.last_dropout
        return torch.cat([last * stays, fine], dim=-1)

    def logits(self, pooled: Tensor, colours: Tensor | None = None) -> Tensor:
        """Return the logits ``(B, A, V)`` of standardised features; of absent values, one never chosen.

        The features are ``(B, A, C)``, or ``(B, 1, C)`` if they are the same for all attributes.
        """
        scores = self.rows @ self.drop(pooled)[..., None]  # (A, V, C) @ (B, A or 1, C, 1) -> (B, A, V, 1)
        logits: Tensor = scores.squeeze(-1) + self.bias + self.absent
        return logits if self.colours is None or colours is None else logits + self.colours.logits(colours)

    def attention(self, levels: Levels, probabilities: Tensor, priority: Tensor | None = None) -> Tensor:
        """Return ``(B, A, h, w)``: each position's evidence for the probable values, against the others.

        A value's evidence at a position is its row times the position's features, so the evidence of each map, averaged
        as the map is, is what it adds to the logit. Colours are left out: the evidence of a cell with a rare tone is
        large, wherever it is. The values are weighted by ``probabilities`` ``(B, A, V)`` less their mean over the
        attribute's values. With ``priority`` the softmax starts from how much a position counts, not from equal shares;
        with a focus of 0 it is that alone.
        """
        scores = priority
        if self.focus:
            evidence = self.focus * self.contrast(levels, probabilities)
            scores = evidence if priority is None else evidence + priority
        assert scores is not None, "settings without queries have a focus above 0"
        return torch.softmax(scores, dim=-1).reshape(-1, len(self.rows), *levels.fine.shape[2:])

    def contrast(self, levels: Levels, probabilities: Tensor) -> Tensor:
        """Return the evidence ``(B, A, h*w)`` for the probable values less that for the others."""
        present = (self.absent == 0).float()
        weights = probabilities - present / present.sum(dim=-1, keepdim=True)
        rows = weights[:, :, None] @ (self.rows / self.deviation)  # (B, A, 1, V) @ (A, V, C)
        of_last, of_fine = self.by_level(rows.squeeze(2))
        last, fine = evidence_of(of_last, levels.last), evidence_of(of_fine, levels.fine)
        return (on_grid(last, *fine.shape[2:]) + fine).flatten(2)

    def by_level(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last map's and the finer one's of numbers ``(..., C)``."""
        first = self.backbone.last_channels
        return numbers[..., :first], numbers[..., first:]


def evidence_of(rows: Tensor, features: Tensor) -> Tensor:
    """Return what each position's features ``(B, C, h, w)`` say for rows ``(B, A, C)``: ``(B, A, h, w)``."""
    found: Tensor = rows @ features.float().flatten(2)
    return found.reshape(-1, rows.shape[1], *features.shape[2:])


def pooled_by(levels: Levels, priority: Tensor | None) -> Tensor:
    """Return features averaged over positions: the finer map's by the softmax of ``(B, A, h*w)``: ``(B, A, C)``.

    Without priorities it is the plain mean, ``(B, 1, C)``.
    """
    if priority is None:
        return levels.pooled()[:, None]
    fine = torch.softmax(priority, dim=-1) @ levels.fine.float().flatten(2).transpose(1, 2)  # (B, A, h*w) @ (B, h*w, F)
    last = pool(levels.last.float())[:, None].expand(-1, fine.shape[1], -1)
    return torch.cat([last, fine], dim=-1)


def absent_values(values: Sequence[int]) -> Tensor:
    """Return what is added to the logits ``(A, V)``: 0 for a value of the attribute, never chosen beyond its last."""
    return (torch.arange(max(values)) >= torch.tensor(values)[:, None]) * NEVER
