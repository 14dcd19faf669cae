"""Measures what an export records of a graph's quality."""

import numpy as np

from fashionsdk.bundle import Quality, ValueQuality
from fashionsdk.evaluation.drift._attribute_map import AttributeMap, EmbeddedSplit, attribute_map, covariance
from fashionsdk.evaluation.drift._standard_gallery import STANDARD_GALLERY

DIGITS = 4  # of recorded figures, after the point


def measure_quality(data: EmbeddedSplit, seed: int = 0) -> Quality | None:
    """Return MAP in the standard gallery, value by value, and its covariance; ``None`` if nothing can be compared.

    Args:
        data: labelled photos and their embeddings.
        seed: of the sample that a large split is measured on.
    """
    rng, maps, values = np.random.default_rng(seed), [], {}
    for a, attribute in enumerate(data.split.attributes):
        counts = own_shares(data, a)
        measured = attribute_map(data, a, counts, rng) if attribute.name in data.attributes else None
        if measured is not None:
            maps.append(measured)
            values[attribute.name] = _with_map(counts, measured, attribute.values)
    if not maps:
        return None
    names, rows = [each.name for each in maps], covariance(data, maps).round(DIGITS + 2).tolist()
    table = {name: dict(zip(names, row, strict=True)) for name, row in zip(names, rows, strict=True)}
    return Quality(STANDARD_GALLERY, values, table)


def own_shares(data: EmbeddedSplit, a: int) -> dict[str, ValueQuality]:
    """Return how many photos each value of the split's ``a``-th attribute has."""
    names = data.split.attributes[a].values
    counts = np.bincount(data.rows(a)[:, 2], minlength=len(names)).tolist()
    return {name: ValueQuality(count, None) for name, count in zip(names, counts, strict=True) if count}


def _with_map(
    counts: dict[str, ValueQuality], measured: AttributeMap, names: tuple[str, ...]
) -> dict[str, ValueQuality]:
    of_query = measured.queries[:, 2]
    maps = {
        name: round(float(measured.precisions[of_query == names.index(name)].mean()) * 100, DIGITS)
        for name in measured.measured
    }
    return {name: ValueQuality(each.photos, maps.get(name)) for name, each in counts.items()}
