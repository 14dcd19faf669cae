"""A whole timm network as a feature extractor: its last feature map beside an earlier, finer one."""

from typing import cast

import timm
import torch
from timm.models import group_parameters
from torch import Tensor, nn


class LevelsBackbone(nn.Module):
    """A timm network up to its pooling: ``(B, 3, H, W)`` to the map of a stage and the last map, joined.

    The last map is the one that the network was pretrained to classify by, behind its last convolution. Each of its
    positions is repeated, so that both maps have the finer one's grid; its mean stays what the network itself pools.

    Args:
        name: a timm model with feature maps of twice the stride from stage to stage.
        stage: index of the finer map, the last but one, as in `Backbone`.
        drop_path: probability of skipping a residual block in training.

    Raises:
        ValueError: timm has no such model, or the maps do not fit.
    """

    def __init__(self, name: str, stage: int, drop_path: float = 0.0) -> None:
        super().__init__()
        options = {"drop_path_rate": drop_path} if drop_path else {}
        try:
            net = cast(nn.Module, timm.create_model(name, num_classes=0, **options))
            maps = cast(list[dict[str, int]], net.feature_info)
            fine, last = maps[stage], maps[stage + 1 :]
        except (RuntimeError, AttributeError, IndexError) as error:
            raise ValueError(f"timm cannot build backbone {name!r} with the map of stage {stage}: {error}") from error
        if len(last) != 1 or last[0]["reduction"] != 2 * fine["reduction"]:
            strides = [each["reduction"] for each in maps]
            raise ValueError(
                f"stage {stage} of backbone {name!r}, whose maps have strides {strides}; expected the last but one "
                f"({len(maps) - 2}), of half the last one's stride"
            )
        self.net, self.name, self.stage = net, name, stage
        self.channels_last = getattr(net, "output_fmt", "NCHW") == "NHWC"
        self.stride = int(fine["reduction"])
        self.fine_channels, self.last_channels = fine["num_chs"], int(cast(int, net.num_features))
        self.channels = self.last_channels + self.fine_channels

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the last map's channels, then the finer one's: ``(B, C, h, w)``."""
        last, (fine,) = self.net.forward_intermediates(pixels, indices=[self.stage])  # type: ignore[operator]
        last = last.permute(0, 3, 1, 2) if self.channels_last else last
        repeated = nn.functional.interpolate(last, scale_factor=2.0, mode="nearest")
        return torch.cat([repeated[:, :, : fine.shape[2], : fine.shape[3]], fine], dim=1)

    def take(self, whole: nn.Module) -> None:
        """Copy the parameters of the same timm network."""
        self.net.load_state_dict(whole.state_dict())

    def first_parts(self, count: int) -> list[nn.Module]:
        """Return the layers with parameters of the network's first ``count`` parts: the stem, then stage after stage.

        Raises:
            ValueError: it has fewer parts.
        """
        groups = group_parameters(self.net, self.net.group_matcher(coarse=True))  # type: ignore[operator]
        if count >= len(groups):
            raise ValueError(f"frozen_parts is {count}; {self.name} has {len(groups)}, and some must learn")
        names = {name.rpartition(".")[0] for part in range(count) for name in groups[part]}
        return [self.net.get_submodule(name) for name in sorted(names)]
