"""The base class of networks around another network."""

from collections.abc import Sequence

from torch import Tensor

from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Maps, ValuePlace
from fashionsdk_training.models.parts import Backbone, LevelsBackbone


class Wrapper(AttributeModel):
    """A network with the feature map of ``base``, which adds to its output.

    Args:
        base: the network.
    """

    def __init__(self, base: AttributeModel) -> None:
        super().__init__(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        self.mean.copy_(base.mean)
        self.std.copy_(base.std)
        self.base = base

    @property
    def channels(self) -> int:
        """C, the inner network's."""
        return self.base.channels

    @property
    def dimension(self) -> int:
        """D, the inner network's."""
        return self.base.dimension

    def value_places(self) -> dict[int, ValuePlace]:
        """Return the inner network's."""
        return self.base.value_places()

    def backbones(self) -> Sequence[Backbone | LevelsBackbone]:
        """Return the inner network's."""
        return self.base.backbones()

    def constants(self) -> Constants:
        """Return the inner network's."""
        return self.base.constants()

    def features(self, pixels: Tensor) -> Maps:
        """Return the inner network's."""
        return self.base.features(pixels)

    def joined(self, features: Maps) -> Tensor:
        """Return the inner network's."""
        return self.base.joined(features)
