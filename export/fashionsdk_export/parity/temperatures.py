"""Temperatures that make the probabilities in embeddings mean what they say, fitted on labelled photos."""

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle import Manifest
from fashionsdk.labels import RetrievalSplit
from fashionsdk.values import Posterior, ValueSpace, fit_temperature


def calibrated(
    manifest: Manifest, split: RetrievalSplit, indices: NDArray[np.int64], vectors: NDArray[np.float32]
) -> dict[str, Posterior]:
    """Return the manifest's posteriors with a temperature that was fitted to labelled photos, where there are enough.

    Args:
        manifest: of the bundle that embedded the photos.
        split: what the photos show.
        indices: ``(N,)``, the photos of ``split`` that were embedded.
        vectors: their embeddings, float32 ``(N, A, D)``.
    """
    posteriors = dict(manifest.model.posteriors)
    values = [attribute.values for attribute in split.attributes]
    for position, attribute in enumerate(manifest.attributes):
        if attribute.name not in posteriors or values[position] != attribute.values:
            continue
        posterior = posteriors[attribute.name]
        as_held = ValueSpace(manifest.attributes, {attribute.name: Posterior(posterior.offset, 1.0)})
        rows, labels = labelled(split, position, indices)
        probabilities = as_held.probabilities(vectors[rows, position], attribute.name)
        temperature = fit_temperature(probabilities, labels, posterior.temperature)
        posteriors[attribute.name] = Posterior(posterior.offset, temperature)
    return posteriors


def labelled(
    split: RetrievalSplit, attribute: int, indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of ``indices`` whose photos are labelled in an attribute, and their values."""
    every = np.concatenate([split.queries, split.candidates])
    every = every[every[:, 1] == attribute]
    known = dict(zip(every[:, 0].tolist(), every[:, 2].tolist(), strict=True))
    pairs = [(row, known[image]) for row, image in enumerate(indices.tolist()) if image in known]
    rows, labels = np.array(pairs, np.int64).reshape(-1, 2).T
    return rows, labels
