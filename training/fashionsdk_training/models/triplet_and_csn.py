"""The baselines without attention: a triplet network, and a Conditional Similarity Network."""

from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attribute_model import Constants, Encoded, Maps, OneBackboneModel, pool, unit
from fashionsdk_training.models.parts import Backbone, Size, first_masks


class TripletNetwork(OneBackboneModel):
    """One general embedding, the same for every attribute: the papers' baseline.

    Ma et al., AAAI 2020, arXiv:2002.02814, section 4.2: the mean over positions, then a linear layer.

    Args:
        config: backbone and embedding dimension.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
        input: height and width of the images in pixels, for backbones that are built for a size; None for timm's.
    """

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(config.mean, config.std, Backbone(config.backbone, config.stage, drop_path, input))
        self.attributes = attributes
        self.project = nn.Linear(self.channels, config.embedding_dimension)

    @property
    def dimension(self) -> int:
        """D, the linear layer's outputs."""
        return self.project.out_features

    def constants(self) -> Constants:
        """Return no tensors: the embedding does not depend on the attribute."""
        return ()

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map ``(B, C, h, w)``."""
        vectors = unit(self.project(pool(self.joined(features))))
        return Encoded(vectors[:, None].expand(-1, self.attributes, -1), None)


class CSN(OneBackboneModel):
    """Conditional Similarity Network: a mask per attribute over one embedding.

    Veit et al., CVPR 2017, arXiv:1603.07810, section 3. ``config.masks`` says how the masks start and whether they
    learn. Masks that learn pass a ReLU.

    Args:
        config: backbone, embedding dimension and kind of masks.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
        input: height and width of the images in pixels, for backbones that are built for a size; None for timm's.
    """

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(config.mean, config.std, Backbone(config.backbone, config.stage, drop_path, input))
        self.project = nn.Linear(self.channels, config.embedding_dimension)  # embed_fc
        masks = first_masks(config.masks, attributes, config.embedding_dimension)
        self.masks = nn.Parameter(masks, requires_grad=config.masks != "fixed")
        self.relu = nn.Identity() if config.masks == "fixed" else nn.ReLU()

    @property
    def dimension(self) -> int:
        """D, the linear layer's outputs."""
        return self.project.out_features

    def constants(self) -> Constants:
        """Return the masks ``(A, D)``."""
        return (self.relu(self.masks),)

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map ``(B, C, h, w)``."""
        (masks,) = constants
        vectors = self.project(pool(self.joined(features)))  # (B, D)
        return Encoded(unit(vectors[:, None] * masks), None)
