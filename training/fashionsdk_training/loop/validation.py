"""Evaluate a model by the papers' protocols: MAP on queries and candidates, accuracy on triplets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from fashionsdk._tools.batches import slices
from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk.attributes import Attribute
from fashionsdk.evaluation import Batch, Evaluation, TripletEvaluation, evaluate, evaluate_triplets
from fashionsdk.labels import (
    CSN_ATTRIBUTES,
    Data,
    LabelSource,
    RetrievalSplit,
    holds_triplets,
    read_retrieval,
    read_triplets,
)
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.data import PhotoCache, TrainingData, TripletData, cache_photos
from fashionsdk_training.loop.distributed import processes
from fashionsdk_training.models import AttributeModel

PHOTOS_AT_ONCE = 64


@dataclass(frozen=True)
class ValidationResult:
    """A model's figures on a validation split, in percent.

    Attributes:
        measure: which measure the figures below are of.
        value: over all queries or triplets.
        chance: the value of a random ranking or guess.
        attributes: the value of each attribute alone.
        evaluation: what the figures are from, with each query's; None of triplets.
    """

    measure: Literal["map", "triplet_accuracy"]
    value: float
    chance: float
    attributes: Mapping[str, float]
    evaluation: Evaluation | None = field(default=None, compare=False, repr=False)

    @property
    def title(self) -> str:
        """The measure's name for people."""
        return "MAP" if self.measure == "map" else "triplet accuracy"

    @classmethod
    def of(cls, evaluation: Evaluation) -> "ValidationResult":
        """Return the figures of a retrieval evaluation."""
        overall = evaluation.overall
        return cls("map", overall.map, overall.random_map, evaluation.maps, evaluation)

    def metrics(self) -> dict[str, float]:
        """Return the figures as a checkpoint stores them: ``map``, ``random_map``, ``map/neckline``, ..."""
        each = {f"{self.measure}/{name}": value for name, value in self.attributes.items()}
        return {self.measure: self.value, f"random_{self.measure}": self.chance, **each}


def validate(model: AttributeModel, data: TrainingData) -> ValidationResult:
    """Evaluate ``model``, in eval mode, on the validation split of ``data``."""
    names = [attribute.name for attribute in data.labels.attributes]
    if isinstance(data, TripletData):
        answers = evaluate_triplets(data.questions, _embed(model, data.retrieval_photos), names)
        accuracy = {score.attribute: score.accuracy for score in answers.attributes}
        return ValidationResult("triplet_accuracy", answers.overall.accuracy, 50.0, accuracy)
    return ValidationResult.of(evaluate_model(model, data.labels.attributes, data.retrieval, data.retrieval_photos))


def evaluate_model(
    model: AttributeModel, attributes: Sequence[Attribute], split: RetrievalSplit, photos: PhotoCache
) -> Evaluation:
    """Return MAP and recall of ``model`` on ``split``, in float32; photos that cannot be read are left out.

    Args:
        model: in eval mode, on any device.
        attributes: the model's attributes.
        split: the queries and candidates.
        photos: the split's photos as model input.
    """
    names = [attribute.name for attribute in attributes]
    return evaluate(split, _embed(model, photos), names, model.value_space(attributes))


@torch.inference_mode()
def _embed(model: AttributeModel, photos: PhotoCache) -> Iterator[Batch]:
    device = model.mean.device
    (readable,) = np.nonzero(photos.readable)
    for batch in slices(len(readable), PHOTOS_AT_ONCE):
        indices = readable[batch]
        images = torch.from_numpy(np.array(photos.pixels[indices])).to(device)
        yield indices, model(images).embeddings.cpu().numpy()


def evaluate_checkpoint(
    path: str | Path,
    data: Data,
    split: str,
    *,
    attributes: Sequence[str] | None = None,
    device: str = "auto",
    progress: bool = False,
) -> Evaluation | TripletEvaluation:
    """Evaluate a checkpoint folder on one split: MAP and recall, or accuracy where the data are triplet lists.

    Args:
        path: the checkpoint.
        data: a label table of any format, the folder of index files or triplet lists, or what `LabelSource` read.
        split: its split.
        attributes: the attributes to evaluate, or None for all.
        device: ``auto``, ``cpu`` or ``cuda``.
        progress: whether to show a progress bar while photos are decoded.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
        LabelsError: the labels cannot be read, or the split is empty.
        ValueError: the split has an attribute that the model does not have, or no photo can be read.
    """
    checkpoint = Checkpoint.load(path)
    names = [attribute.name for attribute in checkpoint.attributes]
    triplets = None
    if not isinstance(data, LabelSource) and holds_triplets(data):
        triplets = read_triplets(data, split, attributes or CSN_ATTRIBUTES).needed()
    questions = triplets or read_retrieval(data, split, attributes).select(attributes)
    with processes(device) as peers, scratch_folder() as folder:
        photos = cache_photos(questions.sources, checkpoint.preprocessing, folder, progress=progress)
        model = checkpoint.build().to(peers.device)
        if isinstance(questions, RetrievalSplit):
            return evaluate_model(model, checkpoint.attributes, questions, photos)
        return evaluate_triplets(questions, _embed(model, photos), names)
