"""Which photos are copies of others, told by laying one over the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk_training.cleaning.copies.aligned import agreement, coarse_match, halved, refined
from fashionsdk_training.cleaning.copies.candidates import candidate_pairs

COARSE_LEAST = 0.85  # the coarse correlation of copies is 0.91 or more
SMALL_STRUCTURE, SMALL_COLOUR = 0.65, 30.0  # of photos laid over each other in half their size, roughly
STRUCTURE, COLOUR, OVERLAP = 0.93, 6.0, 0.6  # what copies have at least, at most, at least
SMALL_ROUNDS, ROUNDS = 6, 8  # of laying one photo over the other, in half their size and then exactly
BLOCK = 256  # pairs at a time


@dataclass(frozen=True)
class NearCopy:
    """Two photos that show one picture.

    Attributes:
        first: the photo with the lower index.
        second: the other.
        mirrored: whether one is mirrored.
        structure: correlation of their fine structure, at most 1.
        colour: root mean square of what their pixels differ by, 0 to 255.
    """

    first: int
    second: int
    mirrored: bool
    structure: float
    colour: float


def near_copies(
    features: NDArray[np.float32], pictures: NDArray[np.uint8], *, progress: bool = False
) -> list[NearCopy]:
    """Return pairs of photos that show one picture, sorted; copies of copies are joined by their pairs.

    Candidates are photos of near features. Of these a coarse search finds where the one lies in the other, straight and
    mirrored. Then the two are laid over each other exactly, and fine structure and colours must agree.

    Args:
        features: float32 ``(N, F)``.
        pictures: uint8 ``(N, SIDE, SIDE, 3)``, whole photos.
        progress: whether to show a progress bar.
    """
    distinct, of_first = _distinct(pictures)
    equal = [NearCopy(one, two, False, 1.0, 0.0) for two, one in enumerate(of_first) if one != two]
    pairs = distinct[candidate_pairs(features[distinct])]
    found = [*equal, *laid_over(pictures, pairs, progress=progress)]
    return sorted(found, key=lambda copy: (copy.first, copy.second))


def laid_over(pictures: NDArray[np.uint8], pairs: NDArray[np.int64], *, progress: bool = False) -> list[NearCopy]:
    """Return those of pairs of photos ``(P, 2)`` that show one picture."""
    found: dict[tuple[int, int], NearCopy] = {}
    with progress_bar(None, "comparing photos", 2 * len(pairs), "pair", shown=progress) as bar:
        for mirrored in (False, True):
            for block in slices(len(pairs), BLOCK):
                for copy in _compared(pictures, pairs[block], mirrored):
                    found.setdefault((copy.first, copy.second), copy)
                bar.update(block.stop - block.start)
    return list(found.values())


def _distinct(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.int64], list[int]]:
    """Return the first photo of each picture, and for each photo the first one of its picture."""
    firsts: dict[bytes, int] = {}
    of_first = [firsts.setdefault(picture.tobytes(), n) for n, picture in enumerate(pictures)]
    return np.array(list(firsts.values()), np.int64), of_first


def _compared(pictures: NDArray[np.uint8], pairs: NDArray[np.int64], mirrored: bool) -> list[NearCopy]:
    """Return those of some pairs that show one picture; each step leaves fewer pairs to the next, dearer one."""
    first, second = (pictures[pairs[:, side]].astype(np.float32) for side in (0, 1))
    if mirrored:
        second = second[:, :, ::-1]
    scores, places = coarse_match(first.mean(axis=3), second.mean(axis=3))
    left = scores >= COARSE_LEAST
    pairs, first, second, places = pairs[left], first[left], second[left], places[left]
    small = halved(first), halved(second)
    places = refined(small[0].mean(axis=3), small[1].mean(axis=3), places, SMALL_ROUNDS)
    left = agreement(*small, places).within(SMALL_STRUCTURE, SMALL_COLOUR, OVERLAP)
    pairs, first, second, places = pairs[left], first[left], second[left], places[left]
    places = refined(first.mean(axis=3), second.mean(axis=3), places, ROUNDS)
    agreed = agreement(first, second, places)
    return [
        NearCopy(int(pairs[n, 0]), int(pairs[n, 1]), mirrored, float(agreed.structure[n]), float(agreed.colour[n]))
        for n in np.flatnonzero(agreed.within(STRUCTURE, COLOUR, OVERLAP))
    ]
