"""A timm network as a feature extractor: one of its feature maps."""

from typing import Any, cast

from torch import Tensor, nn

from fashionsdk_training.models.parts.timm_networks import Size, build_network


class Backbone(nn.Module):
    """A timm network cut after one of its feature maps: ``(B, 3, H, W)`` to ``(B, C, h, w)``.

    Args:
        name: any timm model that supports ``features_only``.
        stage: index of the feature map, as timm counts them. Of a network with stages it is a stage's; of a plain
            vision transformer a block's, from 0, and the map is what the block hands on, without the last norm.
        drop_path: probability of skipping a residual block in training.
        input: height and width in pixels that it is built for; None for those that timm builds it for. Only networks
            whose parameters depend on the size, such as transformers, differ.
        indices: of all feature maps to return, for a subclass with more than one.

    Raises:
        ValueError: timm has no such model, it has no such feature map, or it cannot take such an input.
    """

    def __init__(
        self,
        name: str,
        stage: int,
        drop_path: float = 0.0,
        input: Size | None = None,
        *,
        indices: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        options = {"drop_path_rate": drop_path} if drop_path else {}
        self.indices, self.input = indices or (stage,), input
        net: Any = build_network(name, input, features_only=True, out_indices=self.indices, **options)
        drop_unused_blocks(net)
        self.net = net
        self.name, self.stage = name, stage
        self.channels_last = getattr(net, "output_fmt", "NCHW") == "NHWC"
        self.channels: int = net.feature_info.channels()[0]

    def forward(self, pixels: Tensor) -> Any:
        """Return the feature map ``(B, C, h, w)``."""
        features = cast(Tensor, self.net(pixels)[0])
        return features.permute(0, 3, 1, 2) if self.channels_last else features

    def take(self, net: nn.Module) -> None:
        """Copy the parameters of a timm network cut at the same feature maps."""
        self.net.load_state_dict(net.state_dict())


def drop_unused_blocks(net: nn.Module) -> None:
    """Remove the blocks of an EfficientNet after the feature map, which timm would run."""
    module: str = net.feature_info.module_name()[-1]  # type: ignore[union-attr, operator]
    if isinstance(blocks := getattr(net, "blocks", None), nn.Sequential) and module.startswith("blocks."):
        net.blocks = blocks[: int(module.split(".")[1]) + 1]
