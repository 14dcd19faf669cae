"""Photos as bytes, and why some are refused."""

import io
from typing import Any

import pytest
from PIL import Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._source import open_image


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def reason(source: Any) -> str:
    with pytest.raises(ImageError) as caught:
        open_image(source)
    return caught.value.reason
