"""Add an attribute to a checkpoint: read its photos, fit a classifier, evaluate it."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.evaluation import one_valued
from fashionsdk.labels import Data, LabelSource, RetrievalSplit, Split, read_retrieval
from fashionsdk_training.adding.attribute_photos import load_labelled, read_labelled
from fashionsdk_training.adding.fit_classifier import encode_bands, fit_added
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.data import PhotoCache, cache_photos, check_products_differ, check_splits_differ
from fashionsdk_training.loop import evaluate_model, processes
from fashionsdk_training.models import AddedAttribute

logger = logging.getLogger(__name__)


def add_attribute(
    checkpoint: Checkpoint,
    data: Data,
    name: str,
    *,
    split: str = "train",
    valid: str = "valid",
    photos_per_value: int | None = None,
    seed: int = 0,
    cache: Path | None = None,
    device: str = "auto",
    progress: bool = False,
) -> Checkpoint:
    """Return ``checkpoint`` with one more attribute, learnt from labelled photos while the network stays as it is.

    Each photo and its mirror image pass the network once. Then a linear classifier on its feature map is fitted
    (``AddedAttribute``). The same arguments give the same checkpoint. Where the table has validation queries for the
    attribute, ``metrics`` gets its MAP in percent as ``map/NAME`` and a random ranking's as ``random_map/NAME``.

    Args:
        checkpoint: of any network, with or without added attributes.
        data: a label table of any format, a folder of the ASEN papers' index files, or what `LabelSource` read.
        name: the attribute.
        split: the split whose photos train it.
        valid: the split whose queries evaluate it. It may be missing.
        photos_per_value: how many photos to draw of each value, or None for all.
        seed: of that draw.
        cache: folder for decoded photos, or None to keep none.
        device: ``auto``, ``cpu`` or ``cuda``.
        progress: whether to show progress bars.

    Raises:
        ValueError: the network knows the attribute already, or the table does not.
        LabelsError: the labels cannot be read, or the split is empty.
        DataError: fewer than two values have photos that can be read, a photo is in both splits, or a product
            in several.
        CheckpointError: the checkpoint does not fit its model.
    """
    known = [attribute.name for attribute in checkpoint.attributes]
    if name in known:
        raise ValueError(f"the checkpoint knows {name!r} already; expected another than {', '.join(known)}")
    data = LabelSource.of(data, [name])
    everything = read_labelled(data, name, split)
    chosen = everything.select(everything.draw(photos_per_value, seed))
    queries = _queries(data, name, valid)
    if queries is not None:
        photos_to_learn = Split(Path(), tuple(map(str, chosen.paths)), ())
        check_products_differ(data)
        check_splits_differ(data.path, photos_to_learn, queries, (split, valid))
    with scratch_folder() as folder, processes(device) as peers:
        cache, preprocessing = cache or folder, checkpoint.preprocessing
        labelled, photos = load_labelled(chosen, preprocessing, cache, photos_per_value, progress=progress)
        model = checkpoint.build().to(peers.device)
        views = (encode_bands(model, photos.pixels, mirrored=view, progress=progress) for view in (False, True))
        bands = torch.cat(list(views))
        added = fit_added(bands, np.tile(labelled.values, 2), model.dimension)
        record: dict[str, Any] = {"split": split, "photos_per_value": photos_per_value, "seed": seed}
        record |= {"photos": labelled.counts(), "data_digest": labelled.digest()}
        extended = extend(checkpoint, labelled.attribute, added, record)
        if queries is None:
            return extended
        decoded = cache_photos(queries.sources, preprocessing, cache, progress=progress)
        return _with_metrics(extended, queries, decoded, peers.device)


def extend(
    checkpoint: Checkpoint, attribute: Attribute, added: AddedAttribute, record: Mapping[str, Any] | None = None
) -> Checkpoint:
    """Return ``checkpoint`` with ``added`` as its last attribute; ``record``, as JSON, goes into the recipe."""
    count, weights = checkpoint.model.added, dict(checkpoint.weights)
    if not count:
        outer = {key: weights[key].clone() for key in ("mean", "std")}  # one tensor cannot be saved under two names
        weights = outer | {f"base.{key}": value for key, value in weights.items()}
    weights |= {f"added.{count}.{key}": value for key, value in added.state_dict().items()}
    steps = [
        *checkpoint.recipe.get("added", ()),
        {"attribute": attribute.name, "extends": checkpoint.digest, **(record or {})},
    ]
    return replace(
        checkpoint,
        model=replace(checkpoint.model, added=count + 1),
        attributes=(*checkpoint.attributes, attribute),
        weights=weights,
        recipe={**checkpoint.recipe, "added": steps},
    )


def _queries(data: LabelSource, name: str, split: str) -> RetrievalSplit | None:
    """Return the split's queries for the attribute, None if there are none."""
    try:
        queries = read_retrieval(data, split, [name]).select([name])
    except LabelsError as error:
        logger.warning("%s is not evaluated: %s", name, error)
        return None
    if one_valued(queries):
        logger.warning("%s is not evaluated: all photos of split %r have the same value", name, split)
        return None
    if not len(queries.queries):
        logger.warning("%s is not evaluated: split %r has no query for it", name, split)
        return None
    return queries


def _with_metrics(
    checkpoint: Checkpoint, queries: RetrievalSplit, photos: PhotoCache, device: torch.device
) -> Checkpoint:
    """Return the checkpoint with the MAP of its last attribute."""
    if not photos.readable.any():
        logger.warning("the new attribute is not evaluated: none of %d photos can be read", len(photos.pixels))
        return checkpoint
    names = [attribute.name for attribute in checkpoint.attributes]
    overall = evaluate_model(checkpoint.build().to(device), checkpoint.attributes, queries, photos).overall
    metrics = {f"map/{names[-1]}": overall.map, f"random_map/{names[-1]}": overall.random_map}
    return replace(checkpoint, metrics={**checkpoint.metrics, **metrics})
