"""Where a model looks in one photo, attribute by attribute."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.report._pictures import attention_picture, picture
from fashionsdk.report._report_types import Gaze


def gaze(
    pixels: NDArray[np.uint8],
    attention: NDArray[np.float32],
    names: Sequence[str],
    values: Sequence[str | None],
    caption: str = "photo",
) -> Gaze:
    """Draw a photo and each attribute's attention over it.

    Args:
        pixels: the photo as the model sees it, ``(S, S, 3)``.
        attention: its attention, ``(A, h, w)``.
        names: the A attributes.
        values: the photo's value of each; None where it is not labelled.
        caption: what the photo is called.
    """
    pictures = {
        name: (attention_picture(pixels, weights), value)
        for name, weights, value in zip(names, attention, values, strict=True)
    }
    return Gaze(picture(pixels), pictures, caption)
