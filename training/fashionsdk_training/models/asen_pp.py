"""ASEN++: a global branch, and a local one on the region it attends (Dong et al., IEEE TIP 2021, arXiv:2104.02429)."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from fashionsdk_training.config import LocalBranch, ModelConfig
from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Encoded, Maps, unit
from fashionsdk_training.models.parts import (
    AttentionHead,
    AttributeBranch,
    Backbone,
    ChannelAttention,
    Size,
    SpatialAttention,
    attended_region,
    crop,
    scale_region,
)


class Branch(nn.Module):
    """One of the two branches: a backbone, both attentions, a linear layer.

    Args:
        backbone: its network.
        table: the attributes' learnt vectors ``(A, E)``, which both branches share and the whole network owns.
        common: M.
        hidden: of the channel attention.
        dimension: of the branch's vectors.
    """

    def __init__(self, backbone: Backbone, table: nn.Embedding, common: int, hidden: int, dimension: int) -> None:
        super().__init__()
        self._table = (table,)  # in a tuple, so that it is not a part of the branch, and is saved once
        vector, channels = table.embedding_dim, backbone.channels
        self.backbone = backbone
        self.attribute_branch = AttributeBranch(vector, common)
        spatial, channel = SpatialAttention(channels, common), ChannelAttention(channels, vector, hidden)
        self.attention_head = AttentionHead(spatial, channel, nn.Linear(channels, dimension))

    def constants(self) -> tuple[Tensor, Tensor]:
        """Return queries ``(A, M)`` and the attributes' parts of the gate ``(A, hidden)``."""
        channel = self.attention_head.channel
        assert channel is not None, "a branch has both attentions"
        query, part = self.attribute_branch(self._table[0].weight, channel)
        return query, part

    def encode(self, pixels: Tensor) -> Encoded:
        """Embed normalised pixels ``(B, 3, S, S)`` for all attributes; the vectors are not of unit length."""
        vectors, attention = self.attention_head(self.backbone(pixels), *self.constants())
        return Encoded(vectors, attention)


class ASENPlusPlus(AttributeModel):
    """ASEN++: the embedding is ``[sqrt(b) g, sqrt(1 - b) l]`` of both branches' unit vectors g and l.

    The input picture is larger than the global branch needs. The global branch gets the reduced picture, the local
    branch the attended region cut out of the input, one region per attribute.

    Args:
        config: the global branch's backbone and sizes, and ``local``.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
        input: not needed: both branches' sizes are settings.
    """

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(config.mean, config.std)
        assert config.local is not None, "ModelConfig checks this"
        self.local: LocalBranch = config.local
        self.attribute_embedding = nn.Embedding(attributes, config.attribute_dimension)
        self.global_branch = Branch(
            Backbone(config.backbone, config.stage, drop_path, (self.local.global_side,) * 2),
            self.attribute_embedding,
            config.common_dimension,
            config.hidden_dimension,
            config.embedding_dimension,
        )
        self.local_branch = Branch(
            Backbone(self.local.backbone, self.local.stage, drop_path, (self.local.side,) * 2),
            self.attribute_embedding,
            self.local.common_dimension,
            self.local.hidden_dimension,
            config.embedding_dimension,
        )
        self._dimension = 2 * config.embedding_dimension

    @property
    def channels(self) -> int:
        """C, of the global branch."""
        return self.global_branch.backbone.channels

    @property
    def dimension(self) -> int:
        """D, of both branches' vectors together."""
        return self._dimension

    def backbones(self) -> list[Backbone]:
        """Return the global and the local one."""
        return [self.global_branch.backbone, self.local_branch.backbone]

    def constants(self) -> Constants:
        """Return the global branch's queries and parts, then the local one's."""
        return (*self.global_branch.constants(), *self.local_branch.constants())

    def features(self, pixels: Tensor) -> Maps:
        """Return the global branch's feature map ``(B, C, h, w)`` of the picture reduced to ``local.global_side``."""
        side = self.local.global_side
        if pixels.shape[-2] != pixels.shape[-1]:
            raise ValueError(
                f"pixels have shape {tuple(pixels.shape)}; expected squares, which asen_pp cuts regions of"
            )
        if pixels.shape[-1] != side:
            whole = pixels.new_tensor([0, 0, pixels.shape[-1]])
            with _full_precision(pixels):
                pixels = crop(pixels, whole, side)
        return (self.global_branch.backbone(pixels),)

    def encode_global(self, pixels: Tensor) -> Encoded:
        """Embed normalised pixels by the global branch alone, unit length ``(B, A, D/2)``: training's first stage."""
        vectors, attention = self.global_branch.attention_head(*self.features(pixels), *self.global_branch.constants())
        return Encoded(unit(vectors), attention)

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a picture. Local vectors that are not needed are zero."""
        vectors, attention = self.global_branch.attention_head(*features, *constants[:2])
        assert attention is not None, "a branch has spatial attention"
        whole, part = unit(vectors), unit(self._local(attention, pixels, constants[2], constants[3], needed))
        joined = torch.cat([math.sqrt(self.local.beta) * whole, math.sqrt(1 - self.local.beta) * part], dim=-1)
        return Encoded(joined, attention, branches=(whole, part))

    def _local(self, attention: Tensor, pixels: Tensor, query: Tensor, part: Tensor, needed: Tensor | None) -> Tensor:
        """Return the local branch's vectors ``(B, A, D/2)``."""
        regions = self.regions(attention, pixels.shape[-1])  # (B, A, 3)
        batch, attributes = regions.shape[:2]
        if needed is not None:
            images, which = needed.nonzero(as_tuple=True)
            vectors = self._look(pixels[images], regions[images, which], query[which], part[which])
            return vectors.new_zeros(batch, attributes, vectors.shape[-1]).index_put((images, which), vectors)
        each = pixels[:, None].expand(-1, attributes, -1, -1, -1)  # (B, A, 3, P, P), not copied
        each_image = 0 * regions[..., :1]  # (B, A, 1): in a graph, `expand` would compute B on the CPU
        queries, parts = ((rows + each_image).flatten(0, 1) for rows in (query, part))  # (B*A, ...)
        return self._look(each, regions, queries, parts).reshape(batch, attributes, -1)

    def _look(self, pixels: Tensor, regions: Tensor, query: Tensor, part: Tensor) -> Tensor:
        """Return vectors ``(N, D/2)`` of N regions, each for its own query ``(N, M)`` and part ``(N, hidden)``."""
        with _full_precision(pixels):
            crops = crop(pixels, regions, self.local.side).flatten(0, -4)  # (N, 3, side, side)
        features = self.local_branch.backbone(crops)
        vectors: Tensor = self.local_branch.attention_head(features, query[:, None], part[:, None])[0]
        return vectors.squeeze(1)

    def regions(self, attention: Tensor, side: int) -> Tensor:
        """Return the local branch's regions ``(B, A, 3)``: left, top, size in a picture of ``side`` pixels."""
        region = attended_region(attention, self.local.threshold, self.local.global_side)
        return scale_region(region, self.local.global_side, side)


@contextmanager
def _full_precision(pixels: Tensor) -> Iterator[None]:
    """Switch mixed precision off: pixels have 8 bits, and bfloat16 has no more, even without a sum."""
    if not torch.is_autocast_enabled(pixels.device.type):
        yield
        return
    with torch.autocast(pixels.device.type, enabled=False):
        yield
