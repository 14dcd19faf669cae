"""A backbone with two levels of features and a separate last stage (AG-MAN)."""

from typing import cast

from timm.models._features import FeatureListNet
from torch import Tensor, nn

from fashionsdk_training.models.parts.backbone import Backbone
from fashionsdk_training.models.parts.timm_networks import Size


class MultiLevelBackbone(Backbone):
    """A ResNet or EfficientNet: ``(B, 3, H, W)`` to the maps of stages ``stage - 1`` and ``stage``.

    ``top`` is the stage after them, for AG-MAN's classifier.

    Args:
        name: a timm ResNet or EfficientNet.
        stage: index of the deeper map; resnet50's third stage, the paper's, is 3.
        drop_path: probability of skipping a residual block in training.
        input: height and width in pixels that it is built for, as in `Backbone`.

    Raises:
        ValueError: timm has no such model, it has no such maps, or it is of another family.
    """

    def __init__(self, name: str, stage: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(name, stage, drop_path, input, indices=(stage - 1, stage, stage + 1))
        counts: list[int] = self.net.feature_info.channels()
        self.lower_channels, self.channels, self.top_channels = counts
        self.net, self.top = _split(self.net, name)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps ``(B, C', 2h, 2w)`` and ``(B, C, h, w)``, rounded up."""
        lower, upper = self.net(pixels)
        return lower, upper

    def take(self, net: nn.Module) -> None:
        """Copy the parameters of a timm network cut at the same stages."""
        whole, top = _split(net, self.name)
        self.net.load_state_dict(whole.state_dict())
        self.top.load_state_dict(top.state_dict())


def _split(net: nn.Module, name: str) -> tuple[nn.Module, nn.Module]:
    """Return ``net`` without its last stage, and that stage."""
    last, final = (str(module) for module in net.feature_info.module_name()[1:])  # type: ignore[union-attr, operator]
    if isinstance(net, FeatureListNet) and name.startswith(("resnet", "test_resnet")):
        del net.return_layers[final]
        return net, cast(nn.Module, net.pop(final))
    if isinstance(blocks := getattr(net, "blocks", None), nn.Sequential) and final.startswith("blocks."):
        end = int(last.split(".")[1]) + 1
        net.blocks = blocks[:end]
        return net, blocks[end:]
    raise ValueError(f"AG-MAN needs a ResNet or an EfficientNet with a stage after the map it uses; got {name}")
