"""What compact vectors keep, against plain computations."""

import numpy as np
import pytest
import torch

from fashionsdk_export.compact.chosen_lengths import chosen_lengths, kept_neighbours
from fashionsdk_export.compact.compact_model import Directions
from fashionsdk_export.compact.compaction import principal_directions, stored_in_int8
from fashionsdk_export.errors import ExportError

VALUES, LOOKS = 3, 8


def drawn(count: int = 60, seed: int = 0) -> np.ndarray:
    """Return embeddings ``(N, 2, 11)`` of two attributes: roots of probabilities, in different places, and looks."""
    rng = np.random.default_rng(seed)
    roots = np.sqrt(0.9 * rng.dirichlet(np.ones(VALUES), (count, 2)))
    looks = rng.normal(size=(count, 2, LOOKS)) * 0.5 ** np.arange(LOOKS)
    looks *= np.sqrt(0.1) / np.linalg.norm(looks, axis=2, keepdims=True)
    first = np.concatenate([roots[:, 0], looks[:, 0]], axis=1)
    second = np.concatenate([looks[:, 1], roots[:, 1]], axis=1)
    return np.stack([first, second], axis=1).astype(np.float32)


PLACES = [[0, 1, 2], [8, 9, 10]]


def fitted(vectors: np.ndarray) -> list[np.ndarray]:
    return [principal_directions(vectors[:, a], PLACES[a]) for a in range(2)]


def shortened(vectors: np.ndarray, lengths: list[int]) -> np.ndarray:
    directions = [torch.from_numpy(rows[:length]) for rows, length in zip(fitted(vectors), lengths, strict=True)]
    return Directions(PLACES, directions)(torch.from_numpy(vectors)).numpy()


def test_probabilities_stay_and_looks_keep_their_length():
    vectors = drawn()
    short = shortened(vectors, [2, 4])
    assert short.shape == (60, 2, VALUES + 4)
    for a in range(2):
        np.testing.assert_allclose(short[:, a, :VALUES], vectors[:, a][:, PLACES[a]], atol=1e-6)
    assert not short[:, 0, VALUES + 2 :].any()
    np.testing.assert_allclose(np.linalg.norm(short, axis=2), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(short[:, :, VALUES:], axis=2), np.sqrt(0.1), atol=1e-6)


def test_with_all_directions_every_similarity_stays():
    vectors = drawn()
    short = shortened(vectors, [LOOKS, LOOKS])
    for a in range(2):
        np.testing.assert_allclose(short[:, a] @ short[:, a].T, vectors[:, a] @ vectors[:, a].T, atol=1e-5)


def test_directions_are_those_along_which_looks_are_longest():
    vectors = drawn()
    for a, rows in enumerate(fitted(vectors)):
        looks = np.delete(vectors[:, a].astype(float), PLACES[a], axis=1)
        expected = np.sort(np.linalg.eigvalsh(looks.T @ looks))[::-1]
        along = ((np.delete(rows, PLACES[a], axis=1) @ looks.T) ** 2).sum(axis=1)
        np.testing.assert_allclose(along, expected, rtol=1e-3)
        np.testing.assert_allclose(rows[:, PLACES[a]], 0, atol=1e-6)


def test_vectors_without_looks_have_no_directions():
    vectors = drawn()[:, 0] * np.array([1] * VALUES + [0] * LOOKS, np.float32)
    assert principal_directions(vectors, PLACES[0]).shape == (0, VALUES + LOOKS)


def test_kept_neighbours_are_counted_photo_by_photo():
    before, after = drawn(300, seed=1)[:, 0], drawn(300, seed=2)[:, 0] + drawn(300, seed=1)[:, 0]
    kept = 0
    for i in range(300):
        one, other = (
            {j for _, j in sorted((-float(vectors[i] @ vectors[j]), j) for j in range(300) if j != i)[:10]}
            for vectors in (before, after)
        )
        kept += len(one & other)
    assert kept_neighbours(before, after) == pytest.approx(kept / 3000, abs=2e-3)  # rounding may exchange equal ones
    assert kept_neighbours(before, before) == 1
    assert kept_neighbours(before[:1], after[:1]) == 1


@pytest.mark.parametrize("budget", [6, 7, 9, 12, 16, 99])
def test_a_budget_is_used_and_not_exceeded(budget):
    vectors = drawn()
    lengths = chosen_lengths(vectors, PLACES, fitted(vectors), budget, ["neckline", "sleeve"])
    assert 2 * VALUES + sum(lengths) <= budget
    assert sum(lengths) >= min(budget - 2 * VALUES - 2, 2 * LOOKS)  # a step is two directions at most here


def test_more_bytes_keep_more_neighbours():
    vectors, kept = drawn(200), []
    for budget in (6, 10, 14, 22):
        lengths = chosen_lengths(vectors, PLACES, fitted(vectors), budget, ["neckline", "sleeve"])
        short = stored_in_int8(shortened(vectors, lengths))
        kept.append(np.mean([kept_neighbours(vectors[:, a], short[:, a]) for a in range(2)]))
    assert kept == sorted(kept)
    assert kept[-1] > 0.9


def test_a_budget_below_the_values_says_what_they_need():
    vectors = drawn()
    with pytest.raises(ExportError, match=r"5 bytes an item are too few: expected 6 or more.*neckline 3, sleeve 3"):
        chosen_lengths(vectors, PLACES, fitted(vectors), 5, ["neckline", "sleeve"])
