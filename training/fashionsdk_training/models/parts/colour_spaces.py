"""Where colours lie in the unit cube in which tones are counted: sRGB as it is, or CIELAB with its greys spread."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

# sRGB (IEC 61966-2-1) to CIE XYZ, each row over the white point D65: white is (1, 1, 1).
_TO_XYZ = (
    (0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883),
)
_LINEAR_BELOW, _ROOT_ABOVE = 0.04045, 216 / 24389  # where the curves of sRGB and of CIELAB change to straight lines
CHROMA = 15.0  # of a* and b*: half of the range is for chroma below about 8, where navy, charcoal and brown are close


def same(pixels: Tensor) -> Tensor:
    """Return sRGB from 0 to 1 as it is."""
    return pixels


def lab_cube(pixels: Tensor) -> Tensor:
    """Return colours' places in a cube of lightness, a* and b*: sRGB to 0 to 1, both ``(B, 3, h, w)``.

    Lightness is L* / 100. Of a* and b* it is ``(1 + tanh(a* / CHROMA)) / 2``: grey lies in the middle, and a small
    difference of hue counts most among dull colours.
    """
    lightness, a, b = lab(pixels).unbind(dim=1)
    return torch.stack([lightness / 100, _spread(a), _spread(b)], dim=1)


def lab(pixels: Tensor) -> Tensor:
    """Return CIELAB (CIE 15:2004, D65): sRGB from 0 to 1, ``(B, 3, h, w)``, to L*, a* and b*."""
    curved = ((pixels.clamp(min=_LINEAR_BELOW) + 0.055) / 1.055) ** 2.4
    linear = torch.where(pixels > _LINEAR_BELOW, curved, pixels / 12.92)
    red, green, blue = linear.unbind(dim=1)
    x, y, z = (_curve(row[0] * red + row[1] * green + row[2] * blue) for row in _TO_XYZ)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def _curve(light: Tensor) -> Tensor:
    root = light.clamp(min=_ROOT_ABOVE) ** (1 / 3)
    return torch.where(light > _ROOT_ABOVE, root, (24389 / 27 * light + 16) / 116)


def _spread(difference: Tensor) -> Tensor:
    return (1 + torch.tanh(difference / CHROMA)) / 2


COLOUR_SPACES: Mapping[str, Callable[[Tensor], Tensor]] = {"rgb": same, "lab": lab_cube}
