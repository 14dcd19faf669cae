"""Boxes that guide attention: where in a training photo each attribute is decided."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.labels import Boxes, Labels, LabelSource, Split, chosen_boxes, read_boxes
from fashionsdk.photos import Preprocessing, open_photo
from fashionsdk_training.data.photo_cache import PhotoCache

logger = logging.getLogger(__name__)


def read_guiding_boxes(
    path: str | Path, source: LabelSource, train: Labels, valid: Split, attributes: Sequence[str] | None
) -> Boxes:
    """Return the boxes in the training photos, of the attributes that are trained.

    Args:
        path: the CSV file, as ``docs/pointing.md`` describes it.
        source: where the labels come from. Boxes in photos of a table's other splits are left out.
        train: the training split with all its attributes.
        valid: the validation split, whose boxes are left out too.
        attributes: the attributes to train, or None for all.

    Raises:
        LabelsError: as `read_boxes`, no box is of these attributes, or the table cuts garments out of photos.
    """
    train.check_whole("training with boxes of attributes")
    read = read_boxes(path, train, elsewhere=source.images | set(valid.images))
    names = [attribute.name for attribute in train.select(attributes).attributes]
    boxes = chosen_boxes(read, names, f"{path}: no box of {', '.join(names)} in a training photo")
    logger.info("%d boxes in %d training photos say where attention lies", sum(map(len, boxes.values())), len(boxes))
    return boxes


def stored_boxes(boxes: Boxes, labels: Labels, photos: PhotoCache, stored: Preprocessing) -> NDArray[np.float64]:
    """Return where boxes lie in stored photos: left, top, right and bottom in the pixels of `PhotoCache.photo`.

    Args:
        boxes: in the N photos of ``labels``, of its A attributes.
        labels: the photos and attributes.
        photos: these photos as they are stored.
        stored: how they were fitted into that. What it cut off lies outside of the pixels.

    Returns:
        float64 ``(N, A, 4)``, NaN where a photo has no box, or cannot be read.

    Raises:
        ImageError: a photo that is stored cannot be read any more.
    """
    names = [attribute.name for attribute in labels.attributes]
    edges, paths = np.full((len(labels.images), len(names), 4), np.nan), labels.paths
    for photo in boxes.keys() - photos.unreadable.keys():
        whole = _whole(paths[photo], photo, photos, stored)
        corner, size = np.tile(whole[:2], 2), np.tile(whole[2:] - whole[:2], 2)
        for name, box in boxes[photo].items():
            edges[photo, names.index(name)] = corner + size * (box.left, box.top, box.right, box.bottom)
    return edges


def _whole(path: Path, photo: int, photos: PhotoCache, stored: Preprocessing) -> NDArray[np.float64]:
    """Return the box that the whole photo fills, or would fill, in its stored pixels."""
    if photos.visible is not None:  # all of it is stored, so its own size does not matter
        left, top, right, bottom = photos.visible[photo].tolist()
        return np.array([0.0, 0.0, right - left, bottom - top])
    placement = stored.placement(open_photo(path, at_least=1).size)
    return placement.to_input(placement.part)
