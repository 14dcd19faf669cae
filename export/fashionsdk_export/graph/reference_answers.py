"""The reference in a bundle: a few inputs and PyTorch's answers to them."""

import numpy as np
import torch
from numpy.typing import NDArray

from fashionsdk.bundle import Reference
from fashionsdk.photos import Preprocessing
from fashionsdk_training import garments
from fashionsdk_training.models import AttributeModel

REFERENCE_IMAGES = 16


def reference_images(preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Return generated garments as model input, ``(n, H, W, 3)``. Every bundle may contain them."""
    drawn = [
        garments.draw(index, seed=1, side=max(64, preprocessing.height, preprocessing.width))
        for index in range(REFERENCE_IMAGES)
    ]
    return np.stack([preprocessing(garment.image) for garment in drawn])


def make_reference(model: AttributeModel, images: NDArray[np.uint8]) -> Reference:
    """Return PyTorch's float32 answers to ``images``."""
    with torch.inference_mode():
        encoded = model(torch.from_numpy(images))
    attention = None if encoded.attention is None else encoded.attention.numpy()
    return Reference(images, encoded.embeddings.numpy(), attention)
