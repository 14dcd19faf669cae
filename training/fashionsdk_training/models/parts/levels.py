"""A whole timm network as a feature extractor: its last feature map and an earlier one."""

from typing import Any, NamedTuple, cast

import torch
from timm.models import MobileNetV3, group_parameters
from torch import Tensor, nn

from fashionsdk_training.models.parts.timm_networks import Size, build_network

_AFTER_THE_MAP = ("head", "fc_norm", "attn_pool")  # what timm calls the parts that pool and classify


class Levels(NamedTuple):
    """A network's last map and a finer one.

    Attributes:
        last: ``(B, L, h', w')``, half the finer one's sides rounded up, or the same.
        fine: ``(B, F, h, w)``.
    """

    last: Tensor
    fine: Tensor

    def pooled(self) -> Tensor:
        """Return the means over each map's positions, the last map's first: ``(B, L + F)``."""
        return torch.cat([each.mean(dim=(2, 3)) for each in self], dim=1)

    def joined(self) -> Tensor:
        """Return both maps on the finer one's grid, the last one's channels first: ``(B, L + F, h, w)``."""
        return torch.cat([on_grid(self.last, *self.fine.shape[2:]), self.fine], dim=1)


class LevelsBackbone(nn.Module):
    """A timm network up to its pooling: ``(B, 3, H, W)`` to its last map and that of a stage, `Levels`.

    The last map is the one that the network was pretrained to classify by, behind its last convolution or norm. In a
    plain vision transformer both maps have one grid, without the class token.

    Args:
        name: a timm model whose feature maps have twice the stride from stage to stage, or all the same.
        stage: index of the earlier map, as in `Backbone`: the last but one, or of a plain transformer any block but
            the last.
        drop_path: probability of skipping a residual block in training.
        input: height and width in pixels that it is built for, as in `Backbone`.

    Raises:
        ValueError: timm has no such model, the maps do not fit, or it cannot take such an input.
    """

    def __init__(self, name: str, stage: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__()
        options = {"drop_path_rate": drop_path} if drop_path else {}
        net: Any = build_network(name, input, num_classes=0, **options)
        maps = cast(list[dict[str, int]], getattr(net, "feature_info", []))
        _check_stage(name, stage, [each["reduction"] for each in maps])
        _drop_head(net)
        fine = maps[stage]
        self.net, self.name, self.stage, self.input = net, name, stage, input
        self.channels_last = getattr(net, "output_fmt", "NCHW") == "NHWC"
        self.tokens = int(getattr(net, "num_prefix_tokens", 0))  # before those of positions
        self.stride, self.repeats = int(fine["reduction"]), maps[-1]["reduction"] // fine["reduction"]
        self.fine_channels, self.last_channels = fine["num_chs"], int(net.num_features)
        self.channels = self.last_channels + self.fine_channels

    def forward(self, pixels: Tensor) -> Levels:
        """Return the last map and the earlier one.

        Raises:
            ValueError: the last map leaves out positions of the earlier one, which the input's sides cause.
        """
        last, (fine,) = self.net.forward_intermediates(pixels, indices=[self.stage])
        last = self._as_map(last, fine.shape[2:])
        if any(self.repeats * short < long for short, long in zip(last.shape[2:], fine.shape[2:], strict=True)):
            raise ValueError(
                f"backbone {self.name!r} leaves out the edge of {pixels.shape[2]} x {pixels.shape[3]} pixels; expected "
                f"sides that are multiples of {2 * self.stride}"
            )
        return Levels(last, fine)

    def _as_map(self, last: Tensor, grid: torch.Size) -> Tensor:
        """Return timm's last features as ``(B, C, h, w)``."""
        if last.dim() == 3:  # (B, tokens + h*w, C)
            # Not by len(): it would make the batch size of tracing a constant of the exported graph.
            return last[:, self.tokens :].transpose(1, 2).reshape(last.shape[0], -1, *grid)
        return last.permute(0, 3, 1, 2) if self.channels_last else last

    def take(self, whole: nn.Module) -> None:
        """Copy the parameters of the same timm network."""
        given = whole.state_dict()
        self.net.load_state_dict({key: given[key] for key in self.net.state_dict()})

    def freeze_first_parts(self, count: int) -> None:
        """Let the network's first ``count`` parts not learn, and put their layers into eval mode.

        The stem is the first part; of a transformer it is the patches' projection with the embeddings of positions and
        the tokens beside them. Then each stage is a part, or each block of a plain transformer.

        Raises:
            ValueError: it has fewer parts.
        """
        for name in self.first_parameters(count):
            self.net.get_parameter(name).requires_grad_(False)
            if owner := name.rpartition(".")[0]:  # the network's own parameters have none
                self.net.get_submodule(owner).eval()

    def first_parameters(self, count: int) -> list[str]:
        """Return the names of the parameters of the network's first ``count`` parts; see `freeze_first_parts`."""
        groups = group_parameters(self.net, self.net.group_matcher(coarse=True))
        if count >= len(groups):
            raise ValueError(f"frozen_parts is {count}; {self.name} has {len(groups)}, and some must learn")
        return [name for part in range(count) for name in groups[part]]


def _check_stage(name: str, stage: int, strides: list[int]) -> None:
    """Raise a ValueError unless the last map's stride is that of ``stage``, or twice as much and the next."""
    if stage >= len(strides):
        raise ValueError(f"timm cannot build backbone {name!r} with the map of stage {stage}: it has {len(strides)}")
    if stage + 1 < len(strides) and strides[-1] == strides[stage]:
        return
    if stage + 2 != len(strides) or strides[-1] != 2 * strides[stage]:
        raise ValueError(
            f"stage {stage} of backbone {name!r}, whose maps have strides {strides}; expected the last but one "
            f"({len(strides) - 2}), of half the last one's stride or the same"
        )


def _drop_head(net: nn.Module) -> None:
    """Remove what comes after the last map: unused, it would never get a gradient."""
    after = (*_AFTER_THE_MAP, "conv_head", "norm_head") if isinstance(net, MobileNetV3) else _AFTER_THE_MAP
    for name in after:
        if isinstance(getattr(net, name, None), nn.Module):
            setattr(net, name, nn.Identity())


def on_grid(last: Tensor, height: int, width: int) -> Tensor:
    """Return a map ``(B, C, h', w')`` on the grid before its last stride of 2: ``(B, C, height, width)``.

    A map that has this grid stays as it is. On an odd number of positions the stride's convolution is centred on every
    second one, the first and the last among them, and the others get the mean of their neighbours. On an even number it
    is centred on the first or on the second of two, by the network's padding; here both get it.
    """
    if last.shape[2:] == (height, width):
        return last
    repeated = nn.functional.interpolate(last, scale_factor=2.0, mode="nearest")
    # On an odd grid there is one position too many, and the mean of two neighbours is where the stride's centres are.
    return nn.functional.avg_pool2d(repeated, (1 + height % 2, 1 + width % 2), stride=1)
