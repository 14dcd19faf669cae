"""Judge a model by the papers' protocol."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from fashionsdk.evaluation import Batch, Evaluation, evaluate
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.distributed import processes
from fashionsdk_training.models import AttributeModel
from fashionsdk_training.photos import PhotoCache, cache_photos

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


def evaluate_checkpoint(
    path: str | Path, data: str | Path, split: str, *, attributes: Sequence[str] | None = None, device: str = "auto"
) -> Evaluation:
    """Return MAP and recall of a checkpoint folder on one split of a label table or of index files.

    Args:
        path: the checkpoint.
        data: the table or folder.
        split: its split.
        attributes: the attributes to judge, or None for all.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
        LabelsError: the labels cannot be read, or the split is empty.
        ValueError: the split asks for an attribute that the model does not have, or no photo can be read.
    """
    checkpoint, questions = Checkpoint.load(path), read_retrieval(data, split).select(attributes)
    names = [attribute.name for attribute in checkpoint.attributes]
    with processes(device) as peers, tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        photos = cache_photos(questions.paths, checkpoint.preprocessing, Path(folder))
        return evaluate_model(checkpoint.build().to(peers.device), names, questions, photos)
