"""Reads each photo once: features of a frozen network, and a small picture to compare photos by."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk.errors import ImageError
from fashionsdk.photos import Cutout, Preprocessing
from fashionsdk_training.cleaning.copies import SIDE
from fashionsdk_training.data import photo_stamp
from fashionsdk_training.probe import PHOTOS_AT_ONCE, FrozenNetwork, keep_tensors, kept_tensors

Source = Path | Cutout
Read = tuple[NDArray[np.uint8], NDArray[np.uint8]] | str  # the network's input and the picture, or why there is none


@dataclass(frozen=True, eq=False)
class LookedAt:
    """What is known of N photos without their labels.

    Attributes:
        features: float32 ``(N, F)``; rows of unreadable photos are 0.
        pictures: uint8 ``(N, SIDE, SIDE, 3)``, whole photos, whatever their proportions were; black if unreadable.
        unreadable: why a photo could not be read, by its index.
    """

    features: NDArray[np.float32]
    pictures: NDArray[np.uint8]
    unreadable: dict[int, str]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """``(N,)``, true where there is a photo."""
        mask = np.ones(len(self.features), np.bool_)
        mask[list(self.unreadable)] = False
        return mask


def look_at(
    sources: Sequence[Source],
    network: FrozenNetwork,
    preprocessing: Preprocessing,
    file: Path | None = None,
    *,
    progress: bool = False,
) -> LookedAt:
    """Read photos.

    Args:
        sources: the N photos.
        network: of the features.
        preprocessing: to its input.
        file: where the result is kept for the next call, which reads it again if no photo changed by size or time of
            modification; None to keep nothing.
        progress: whether to show a progress bar.

    Raises:
        OSError: ``file`` cannot be written.
    """
    origin = {
        "weights": network.digest(),
        "preprocessing": preprocessing.to_json(),
        "side": SIDE,
        "photos": [list(photo_stamp(source)) for source in sources],
    }
    kept = None if file is None else kept_tensors(file, origin)
    if kept is None:
        kept = _tensors(sources, network, preprocessing, progress)
        if file is not None:
            keep_tensors(file, kept, origin)
    unreadable = json.loads(bytes(kept["unreadable"].tolist()))
    return LookedAt(kept["features"].numpy(), kept["pictures"].numpy(), {int(n): why for n, why in unreadable.items()})


def _tensors(
    sources: Sequence[Source], network: FrozenNetwork, preprocessing: Preprocessing, progress: bool
) -> dict[str, torch.Tensor]:
    features, pictures = [], np.zeros((len(sources), SIDE, SIDE, 3), np.uint8)
    unreadable: dict[int, str] = {}
    with progress_bar(None, "looking at photos", len(sources), "photo", shown=progress) as bar:
        for batch, read in _batches(sources, preprocessing):
            inputs = np.zeros((len(read), *preprocessing.shape), np.uint8)
            for n, found in enumerate(read):
                if isinstance(found, str):
                    unreadable[batch.start + n] = found
                else:
                    inputs[n], pictures[batch.start + n] = found
            rows = network.pooled(inputs)
            rows[[isinstance(found, str) for found in read]] = 0
            features.append(rows)
            bar.update(len(read))
    reasons = torch.tensor(list(json.dumps(unreadable).encode()), dtype=torch.uint8)
    return {
        "features": torch.from_numpy(np.concatenate(features)),
        "pictures": torch.from_numpy(pictures),
        "unreadable": reasons,
    }


def _batches(sources: Sequence[Source], preprocessing: Preprocessing) -> Iterator[tuple[slice, list[Read]]]:
    """Yield photos in batches; the next ones are decoded while a batch is used."""

    def read(source: Source) -> Read:
        try:
            pixels, placement = preprocessing.read_placed(source)
        except ImageError as error:
            return str(error)
        whole = Image.fromarray(placement.cut(pixels))
        return pixels, np.asarray(whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR))

    with ThreadPoolExecutor() as pool:
        batches = slices(len(sources), PHOTOS_AT_ONCE)
        coming = [pool.map(read, sources[batch]) for batch in batches[:1]]
        for batch, after in zip(batches, [*batches[1:], None], strict=True):
            read_now = list(coming.pop())
            if after is not None:
                coming.append(pool.map(read, sources[after]))
            yield batch, read_now
