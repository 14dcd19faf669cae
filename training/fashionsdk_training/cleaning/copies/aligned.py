"""Lays one photo over another, whole or in part, and says how well they agree.

Photos are square pictures here, whatever their proportions were: a part of a photo, in whatever size, is its picture
shifted and stretched along the axes. A coarse search over parts comes first, then Gauss-Newton steps on shift and
stretch as in Lucas and Kanade, "An Iterative Image Registration Technique", IJCAI 1981, with brightness and contrast
left free.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE, COARSE = 64, 12  # pixels of a picture, and of a part in the coarse search
PARTS = ((0, 1), (0, 0.925), (0.075, 1), (0, 0.85), (0.075, 0.925), (0.15, 1))  # of a side, from and to
DAMPING = 1e-2  # of the normal equations, as a share of their diagonal: flat pictures say nothing of a shift
LONGEST_STEP = 0.1  # of Gauss-Newton; a photo's side is 2
LEAST_DETAIL = 1.0  # of 255, a picture's deviation: below, there is no structure to compare
SQUARES = 8  # to a side, in which mean colours are compared: noise is gone there, another shade is not
LEAST_CONTRAST = 6.0  # of 255: what varies less counts less, as the noise of a JPEG does
BLUR = 5  # pixels to each side: what is coarser than this is not fine structure
GREY = 128

Pictures = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well P pairs of photos agree once one lies over the other.

    Attributes:
        structure: ``(P,)``, correlation of the two photos' fine structure where they overlap, -1 to 1.
        colour: ``(P,)``, what the mean colours of a square differ by there, in the worst one, 0 to 255.
        overlap: ``(P,)``, the share of the first photo that the second one covers.
    """

    structure: Pictures
    colour: Pictures
    overlap: Pictures

    def within(self, structure: float, colour: float, overlap: float) -> NDArray[np.bool_]:
        """Return ``(P,)``, true where structure and overlap are at least, and colour at most, what is given."""
        return (self.structure >= structure) & (self.colour <= colour) & (self.overlap >= overlap)


def coarse_match(first: Pictures, second: Pictures) -> tuple[Pictures, Pictures]:
    """Return how well the best part of one photo looks like the other, ``(P,)``, and where the first lies, ``(P, 4)``.

    A place is the centre x, half the width, the centre y and half the height of the first photo in the second one, the
    sides of which go from -1 to 1.

    Args:
        first: brightness, ``(P, SIDE, SIDE)``.
        second: likewise.
    """
    parts = [_parts(pictures) for pictures in (first, second)]  # (P, parts, COARSE * COARSE)
    within = np.einsum("pkn,pn->pk", parts[1], parts[0][:, 0])
    around = np.einsum("pkn,pn->pk", parts[0], parts[1][:, 0])
    scores = np.concatenate([within, around], axis=1)
    best = scores.argmax(axis=1)
    return scores.max(axis=1), _PLACES[best]


def _parts(pictures: Pictures) -> Pictures:
    """Return all parts of pictures, of mean 0 and length 1, the whole first: ``(P, parts, COARSE * COARSE)``."""
    small = (_RESAMPLING @ pictures @ _RESAMPLING.T).reshape(len(pictures), len(PARTS), COARSE, len(PARTS), COARSE)
    flat = small.transpose(0, 1, 3, 2, 4).reshape(len(pictures), len(PARTS) ** 2, COARSE * COARSE)
    flat = flat - flat.mean(axis=2, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=2, keepdims=True), LEAST_DETAIL * COARSE))


def _averaging(start: float, stop: float) -> Pictures:
    """Return the matrix ``(COARSE, SIDE)`` that averages a part of a row of pixels."""
    edges, pixels = np.linspace(start * SIDE, stop * SIDE, COARSE + 1), np.arange(SIDE)
    cover = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    cover = np.clip(cover, 0, None)
    return np.asarray(cover / cover.sum(axis=1, keepdims=True), np.float32)


def _place(part: tuple[float, float]) -> tuple[float, float]:
    """Return centre and half the length of a part of a side."""
    return part[0] + part[1] - 1, part[1] - part[0]


def _around(place: tuple[float, float]) -> tuple[float, float]:
    """Return where a whole lies if ``place`` is where its part lies in it."""
    return -place[0] / place[1], 1 / place[1]


_RESAMPLING = np.concatenate([_averaging(*part) for part in PARTS])
_WITHIN = [_place(part) for part in PARTS]
_PLACES = np.array(
    [(*x, *y) for y in _WITHIN for x in _WITHIN] + [(*_around(x), *_around(y)) for y in _WITHIN for x in _WITHIN],
    np.float32,
)


def agreement(first: Pictures, second: Pictures, place: Pictures) -> Agreement:
    """Return how well pairs of photos agree where the first lies over the second.

    Args:
        first: colours 0 to 255, ``(P, s, s, 3)``.
        second: likewise.
        place: where the first lies in the second, ``(P, 4)``.
    """
    columns, rows, inside = _sampling(place, first.shape[1])
    across = columns.transpose(0, 2, 1)
    moved = np.stack([rows @ second[..., colour] @ across for colour in range(3)], axis=3)
    weight = inside / np.maximum(inside.sum(axis=(1, 2), keepdims=True), 1)
    structure = _correlation(_fine(first.mean(axis=3), inside), _fine(moved.mean(axis=3), inside), weight)
    return Agreement(structure, _worst_square(np.asarray(first - moved), inside), inside.mean(axis=(1, 2)))


def halved(pictures: Pictures) -> Pictures:
    """Return pictures ``(P, s, s, 3)`` in half their size."""
    half = pictures.shape[1] // 2
    return np.asarray(pictures.reshape(len(pictures), half, 2, half, 2, 3).mean(axis=(2, 4)))


def refined(first: Pictures, second: Pictures, place: Pictures, rounds: int) -> Pictures:
    """Return where the first photos of pairs lie in the second ones, after Gauss-Newton steps from ``place``.

    Args:
        first: brightness, ``(P, s, s)``.
        second: likewise.
        place: where the first lies to begin with, ``(P, 4)``.
        rounds: how many steps.
    """
    side = first.shape[1]
    line, scale = _line(side), np.float32(side / 2)  # pixels in a step of 1
    slopes = np.gradient(second, axis=(1, 2))
    damping = (1 + DAMPING * np.eye(6)).astype(np.float32)
    for _ in range(rounds):
        columns, rows, inside = _sampling(place, side)
        across = columns.transpose(0, 2, 1)
        moved, down, right = (rows @ picture @ across for picture in (second, *slopes))
        directions = [right * scale, right * scale * line, down * scale, down * scale * line[:, None]]
        directions += [moved - GREY, np.ones_like(moved)]  # contrast and brightness
        jacobian = np.stack(
            [(each * inside).reshape(len(place), side * side) for each in directions], axis=1
        )  # (P, 6, n)
        missing = ((first - moved) * inside).reshape(len(place), side * side, 1)
        normal = jacobian @ jacobian.transpose(0, 2, 1) * damping + np.eye(6, dtype=np.float32)
        step = np.linalg.solve(normal, jacobian @ missing)[:, :4, 0]
        place = np.clip(place + np.clip(step, -LONGEST_STEP, LONGEST_STEP), *_BOUNDS)
    return np.asarray(place, np.float32)


_BOUNDS = np.array([[-0.6, 0.5, -0.6, 0.5], [0.6, 2, 0.6, 2]], np.float32)


def _line(side: int) -> Pictures:
    """Return the places of a row's pixels, of which the edges are -1 and 1."""
    return ((np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1).astype(np.float32)


def _sampling(place: Pictures, side: int) -> tuple[Pictures, Pictures, Pictures]:
    """Return the matrices that sample second photos where the first ones' columns and rows lie, and what is inside."""
    matrices, inside = [], []
    for centre, half in (place[:, :2].T, place[:, 2:].T):
        where = ((centre[:, None] + half[:, None] * _line(side) + 1) * side - 1) / 2  # in pixels
        inside.append((where > -0.5) & (where < side - 0.5))
        near = np.clip(where, 0, side - 1)
        matrices.append(np.maximum(1 - np.abs(near[:, :, None] - np.arange(side, dtype=np.float32)), 0))
    return matrices[0], matrices[1], (inside[1][:, :, None] & inside[0][:, None]).astype(np.float32)


def _worst_square(apart: Pictures, inside: Pictures) -> Pictures:
    """Return the largest difference of mean colours over squares that are inside for the most part, ``(P,)``."""
    pixels = inside.shape[1] // SQUARES
    cut = (len(inside), SQUARES, pixels, SQUARES, pixels)
    cover = inside.reshape(cut).sum(axis=(2, 4))
    sums = (apart * inside[..., None]).reshape(*cut, 3).sum(axis=(2, 4))
    means = sums / np.maximum(cover, 1)[..., None]
    lengths = np.sqrt(np.square(means).mean(axis=3)) * (2 * cover > pixels**2)
    return np.asarray(lengths.max(axis=(1, 2)))


def _fine(pictures: Pictures, inside: Pictures) -> Pictures:
    """Return pictures less their mean around each pixel, over their deviation there, of the pixels inside.

    So the pattern of a garment counts as much as its outline on a white ground.
    """
    side = pictures.shape[1]
    kernel = np.maximum(0, BLUR * side / SIDE - np.abs(np.subtract.outer(np.arange(side), np.arange(side))))
    kernel = kernel.astype(np.float32)
    cover = np.maximum(kernel @ inside @ kernel, 1e-6)
    less = (pictures - kernel @ (pictures * inside) @ kernel / cover) * inside
    deviation = np.sqrt(kernel @ np.square(less) @ kernel / cover)
    return np.asarray(less / (deviation + LEAST_CONTRAST))


def _correlation(first: Pictures, second: Pictures, weight: Pictures) -> Pictures:
    mean = [(pictures * weight).sum(axis=(1, 2), keepdims=True) for pictures in (first, second)]
    one, two = first - mean[0], second - mean[1]
    both, first_square, second_square = (
        (a * b * weight).sum(axis=(1, 2)) for a, b in ((one, two), (one, one), (two, two))
    )
    return np.asarray(both / np.sqrt(np.maximum(first_square * second_square, 1e-6)))
