"""A new attribute for a trained network: nothing old is trained again, and no old embedding changes by a bit."""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk_training.adding.attribute_photos import LabelledPhotos, load_labelled, read_labelled
from fashionsdk_training.adding.fit_classifier import encode_bands, fit_added
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.data import cache_photos
from fashionsdk_training.errors import DataError
from fashionsdk_training.loop import evaluate_model, processes
from fashionsdk_training.models import AddedAttribute

logger = logging.getLogger(__name__)


def add_attribute(
    checkpoint: Checkpoint,
    data: str | Path,
    name: str,
    *,
    split: str = "train",
    valid: str = "valid",
    photos_per_value: int | None = None,
    seed: int = 0,
    cache: Path | None = None,
    device: str = "auto",
) -> Checkpoint:
    """Return ``checkpoint`` with one more attribute, learnt from labelled photos while the network stays as it is.

    Each photo and its mirror image pass the network once; what is learnt is a linear classifier on its feature map
    (``AddedAttribute``). The same arguments give the same checkpoint. Where the table has validation questions about
    the attribute, ``metrics`` gets its MAP in percent as ``map/NAME``,
    and a random ranking's as ``random_map/NAME``.

    Args:
        checkpoint: of any network, also one that was extended before.
        data: a CSV table, or a folder that holds ``labels.csv`` or the index files of the ASEN papers.
        name: the attribute.
        split: whose photos teach it.
        valid: the split whose questions judge it; it may be missing.
        photos_per_value: how many photos to draw of each value, or None for all.
        seed: of that draw.
        cache: folder for decoded photos, or None to keep none.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ValueError: the network knows the attribute already, or the table does not.
        LabelsError: the labels cannot be read, or the split is empty.
        DataError: fewer than two values have photos that can be read, or a photo is in both splits.
        CheckpointError: the checkpoint does not fit its model.
    """
    known = [attribute.name for attribute in checkpoint.attributes]
    if name in known:
        raise ValueError(f"the checkpoint knows {name!r} already; expected another than {', '.join(known)}")
    everything = read_labelled(data, name, split)
    chosen = everything.keep(everything.draw(photos_per_value, seed))
    questions = _questions(data, name, valid)
    _check_apart(chosen, questions, data)
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder, processes(device) as peers:
        labelled, photos = load_labelled(chosen, checkpoint.preprocessing, cache or Path(folder), photos_per_value)
        model = checkpoint.build().to(peers.device)
        bands = torch.cat([encode_bands(model, photos.pixels, mirrored=mirrored) for mirrored in (False, True)])
        added = fit_added(bands, np.tile(labelled.values, 2), model.dimension)
        done: dict[str, Any] = {"split": split, "photos_per_value": photos_per_value, "seed": seed}
        done |= {"photos": labelled.counts(), "data_digest": labelled.digest()}
        extended = extend(checkpoint, labelled.attribute, added, done)
        return extended if questions is None else _judged(extended, questions, cache or Path(folder), peers.device)


def extend(
    checkpoint: Checkpoint, attribute: Attribute, added: AddedAttribute, done: Mapping[str, Any] | None = None
) -> Checkpoint:
    """Return ``checkpoint`` with ``added`` as its last attribute; ``done``, as JSON, goes into the recipe."""
    count, weights = checkpoint.model.added, dict(checkpoint.weights)
    if not count:
        outer = {key: weights[key].clone() for key in ("mean", "std")}  # one tensor cannot be saved under two names
        weights = outer | {f"base.{key}": value for key, value in weights.items()}
    weights |= {f"added.{count}.{key}": value for key, value in added.state_dict().items()}
    steps = [*checkpoint.recipe.get("added", ()), {"attribute": attribute.name, **(done or {})}]
    return replace(
        checkpoint,
        model=replace(checkpoint.model, added=count + 1),
        attributes=(*checkpoint.attributes, attribute),
        weights=weights,
        recipe={**checkpoint.recipe, "added": steps},
    )


def _questions(data: str | Path, name: str, split: str) -> RetrievalSplit | None:
    """Return the split's questions about the attribute, None where there are none."""
    try:
        questions = read_retrieval(data, split).select([name])
    except LabelsError as error:
        logger.warning("%s is not judged: %s", name, error)
        return None
    if not len(questions.queries):
        logger.warning("%s is not judged: split %r asks nothing about it", name, split)
        return None
    return questions


def _check_apart(chosen: LabelledPhotos, questions: RetrievalSplit | None, data: str | Path) -> None:
    """Refuse photos that would both teach and judge."""
    if questions is not None and (both := sorted(set(chosen.images) & set(questions.images))):
        raise DataError(
            f"{data}: {len(both)} photos would both teach and judge, first {both[0]}; give each photo one split"
        )


def _judged(checkpoint: Checkpoint, questions: RetrievalSplit, cache: Path, device: torch.device) -> Checkpoint:
    photos = cache_photos(questions.paths, checkpoint.preprocessing, cache)
    if not photos.readable.any():
        logger.warning("the new attribute is not judged: none of %d photos can be read", len(photos.pixels))
        return checkpoint
    names = [attribute.name for attribute in checkpoint.attributes]
    evaluation = evaluate_model(checkpoint.build().to(device), names, questions, photos)
    overall, name = evaluation.overall, names[-1]
    found = {f"map/{name}": overall.map, f"random_map/{name}": overall.random_map}
    return replace(checkpoint, metrics={**checkpoint.metrics, **found})
