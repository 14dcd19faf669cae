"""The last map on the earlier one's grid: slow computation, and that a part stays where it is in the photo."""

from itertools import product

import pytest
import torch
from torch import nn

from fashionsdk_training.models import LevelsBackbone
from fashionsdk_training.models.parts import load_pretrained
from fashionsdk_training.models.parts.levels import on_grid


def sources(index: int, length: int) -> list[int]:
    """Return which positions of the coarser grid a position of the finer one is the mean of."""
    if length % 2 == 0 or index % 2 == 0:
        return [index // 2]
    return [index // 2, index // 2 + 1]


def slow_on_grid(last: torch.Tensor, height: int, width: int) -> torch.Tensor:
    result = torch.zeros(*last.shape[:2], height, width)
    for row, column in product(range(height), range(width)):
        found = [last[:, :, y, x] for y in sources(row, height) for x in sources(column, width)]
        result[:, :, row, column] = torch.stack(found).mean(dim=0)
    return result


@pytest.mark.parametrize(("height", "width"), [(13, 13), (14, 14), (13, 8), (6, 5), (1, 2), (3, 1)])
def test_positions_between_those_of_the_last_map_are_their_means(height, width):
    last = torch.randn(2, 3, (height + 1) // 2, (width + 1) // 2)
    torch.testing.assert_close(on_grid(last, height, width), slow_on_grid(last, height, width))


@pytest.mark.parametrize(("kernel", "length"), [(3, 13), (5, 13), (3, 9)])
def test_what_a_stride_of_two_sees_stays_in_its_place(kernel, length):
    """A kernel that copies its centre, on an odd grid: every second position comes back where it was."""
    stride = nn.Conv2d(1, 1, kernel, stride=2, padding=kernel // 2, bias=False)
    nn.init.dirac_(stride.weight)
    fine = torch.randn(1, 1, length, length)
    back = on_grid(stride(fine), length, length)
    torch.testing.assert_close(back[:, :, ::2, ::2], fine[:, :, ::2, ::2])
    ramp = torch.arange(float(length)).expand(1, 1, length, length)
    torch.testing.assert_close(on_grid(stride(ramp), length, length), ramp)


def test_on_an_even_grid_a_position_lies_between_the_two_that_it_may_be_centred_on():
    ramp = torch.arange(14.0).expand(1, 1, 14, 14)
    found = (on_grid(ramp[:, :, ::2, ::2], 14, 14) + on_grid(ramp[:, :, 1::2, 1::2], 14, 14)) / 2
    assert (found - ramp).abs().max() <= 0.5
    assert (found - ramp).mean() == 0


@torch.inference_mode()
def test_a_spot_is_seen_where_it_is_by_both_levels():
    backbone = LevelsBackbone("tf_efficientnet_lite0", 3).eval()
    load_pretrained(backbone, "package")
    generator = torch.Generator().manual_seed(0)
    grey = torch.rand(1, 3, 208, 208, generator=generator) * 0.2 - 0.1
    plain = backbone(grey).joined()
    offsets: dict[str, list[tuple[float, float]]] = {"last": [], "fine": []}
    for x, y in torch.randint(60, 148, (20, 2), generator=generator).tolist():
        spotted = grey.clone()
        spotted[:, :, y - 6 : y + 6, x - 6 : x + 6] = torch.tensor([0.6, -0.8, -0.7]).view(3, 1, 1)
        change = (backbone(spotted).joined() - plain)[0].square()
        levels = {"last": change[: backbone.last_channels], "fine": change[backbone.last_channels :]}
        for name, level in levels.items():
            across, down = centre(level.sum(dim=0))
            offsets[name].append((across - x, down - y))
    for name, each in offsets.items():
        assert torch.tensor(each).mean(dim=0).abs().max() < 8, name  # half a cell


def centre(energy: torch.Tensor) -> tuple[float, float]:
    """Return the centre of gravity of a map ``(h, w)`` of stride 16, in pixels from the left and the top."""
    places = (torch.arange(len(energy)) + 0.5) * 16
    return float(energy.sum(dim=0) @ places / energy.sum()), float(energy.sum(dim=1) @ places / energy.sum())
