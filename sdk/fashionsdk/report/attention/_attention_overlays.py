"""Draws a photo under the attention of each attribute."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.photos import Placement
from fashionsdk.report._pictures import attention_overlay, picture
from fashionsdk.report._report_types import AttentionOverlays


def overlay_attention(
    pixels: NDArray[np.uint8],
    attention: NDArray[np.float32],
    names: Sequence[str],
    values: Sequence[str | None],
    caption: str = "photo",
    placement: Placement | None = None,
) -> AttentionOverlays:
    """Draw a photo, and for each attribute the photo under its attention.

    Args:
        pixels: the model's input, ``(H, W, 3)``.
        attention: its attention, ``(A, h, w)``.
        names: the A attributes.
        values: the photo's value of each; None where it is not labelled.
        caption: the photo's name on the page.
        placement: where the photo lies in the input; None if there is no padding.
    """
    overlays = {
        name: (attention_overlay(pixels, weights, placement), value)
        for name, weights, value in zip(names, attention, values, strict=True)
    }
    return AttentionOverlays(picture(pixels if placement is None else placement.cut(pixels)), overlays, caption)
