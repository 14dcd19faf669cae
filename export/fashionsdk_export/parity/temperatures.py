"""What labelled photos tell of the probabilities in embeddings: how sure they may be, and where attributes apply."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute
from fashionsdk.bundle import Manifest
from fashionsdk.labels import Labels, RetrievalSplit
from fashionsdk.values import Applicability, Posterior, ValueSpace, fit_applicability, fit_temperature


def calibrated(
    manifest: Manifest,
    split: RetrievalSplit,
    indices: NDArray[np.int64],
    vectors: NDArray[np.float32],
    labels: Labels | None = None,
) -> dict[str, Posterior]:
    """Return the manifest's posteriors as labelled photos say they should be.

    Temperatures are fitted where there are enough labels.

    Args:
        manifest: of the bundle that embedded the photos.
        split: what the photos show.
        indices: ``(N,)``, the photos of ``split`` that were embedded.
        vectors: their embeddings, float32 ``(N, A, D)``.
        labels: training photos, which tell for which values of which other attribute an attribute is labelled at all;
            None if there are none.
    """
    posteriors = dict(manifest.model.posteriors)
    applies = {} if labels is None else _applicability(labels, manifest.attributes)
    for position, attribute in enumerate(manifest.attributes):
        if attribute.name not in posteriors or not _tells_of(split, attribute):
            continue
        posterior = posteriors[attribute.name]
        rows, shown = labelled(split, attribute, indices)
        probabilities = held_probabilities(attribute, posterior, vectors[rows, position])
        temperature = fit_temperature(probabilities, shown, posterior.temperature)
        fitted = replace(posterior, temperature=temperature, applies=applies.get(attribute.name))
        posteriors[attribute.name] = fitted
    return posteriors


def _tells_of(split: RetrievalSplit, attribute: Attribute) -> bool:
    """Tell whether a split has an attribute with these values, in any order: index files have one of their own."""
    return any(each.name == attribute.name and set(each.values) == set(attribute.values) for each in split.attributes)


def _applicability(labels: Labels, attributes: Sequence[Attribute]) -> dict[str, Applicability]:
    """Return where the model's attributes apply; those whose values differ from the table's are left out."""
    shared = [attribute for attribute in attributes if attribute in labels.attributes]
    columns = [labels.attributes.index(attribute) for attribute in shared]
    return fit_applicability(labels.matrix()[:, columns], shared)


def held_probabilities(attribute: Attribute, posterior: Posterior, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities ``(N, V)`` that an attribute's vectors ``(N, D)`` hold, as they are: not calibrated."""
    as_held = ValueSpace((attribute,), {attribute.name: Posterior(posterior.offset, 1.0)})
    return as_held.probabilities(vectors, attribute.name)


def labelled(
    split: RetrievalSplit, attribute: Attribute, indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of ``indices`` whose photos show one of an attribute's values, and which, in its own order."""
    position = [each.name for each in split.attributes].index(attribute.name)
    known = [*split.attributes[position].values, None]  # the last for photos without a label, which are -1
    places = np.array([attribute.values.index(each) if each in attribute.values else -1 for each in known], np.int64)
    values = places[split.matrix()[indices, position]]
    (rows,) = np.nonzero(values >= 0)
    return rows, values[rows]
