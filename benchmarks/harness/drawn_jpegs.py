"""Generated garments as JPEG files in memory."""

import io

from fashionsdk_training.garments import draw


def drawn_jpeg(index: int, side: int) -> bytes:
    """Return garment ``index`` as a JPEG file of ``side`` x ``side`` pixels."""
    buffer = io.BytesIO()
    draw(index, seed=4, side=side).image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
