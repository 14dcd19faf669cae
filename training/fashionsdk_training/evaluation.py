"""Judge a model by the papers' protocol."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from fashionsdk.evaluation import Batch, Evaluation, evaluate
from fashionsdk.labels import RetrievalSplit
from fashionsdk_training.models import AttributeModel
from fashionsdk_training.photos import PhotoCache

PHOTOS_AT_ONCE = 64


def evaluate_model(
    model: AttributeModel, attributes: Sequence[str], split: RetrievalSplit, photos: PhotoCache
) -> Evaluation:
    """Return MAP and recall of ``model`` on ``split``, in float32; photos that cannot be read are left out.

    Args:
        model: in eval mode, on any device.
        attributes: the names of the model's attributes.
        split: the questions.
        photos: the split's photos as the model takes them.
    """
    return evaluate(split, _embed(model, photos), attributes)


@torch.inference_mode()
def _embed(model: AttributeModel, photos: PhotoCache) -> Iterator[Batch]:
    device = model.mean.device
    (readable,) = np.nonzero(photos.readable)
    for start in range(0, len(readable), PHOTOS_AT_ONCE):
        indices = readable[start : start + PHOTOS_AT_ONCE]
        images = torch.from_numpy(np.array(photos.pixels[indices])).to(device)
        yield indices, model(images).embeddings.cpu().numpy()
