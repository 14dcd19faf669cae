"""Average precision expected in a standard gallery: of a fixed size, with fixed shares of values.

Average precision grows with the share of relevant candidates and falls with the number of candidates, whatever the
model. Two sets of photos can be compared only as if their photos searched the same gallery.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices

STANDARD_GALLERY = 100  # photos
CELLS_AT_ONCE = 2**14  # of a ranking: more leave the processor's cache, which takes twice as long
NEARLY_NONE = 1e-4  # candidates above: below, the formulas lose their digits, and their limits are as good
Numbers = NDArray[np.float64]


def expected_precision(relevant: Numbers, others: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the expected precision at a relevant candidate, by how many candidates are expected above it.

    That is the mean of ``(1 + X) / (1 + X + Y)``. X relevant candidates and Y others above are Poisson numbers, as in
    a gallery into which each photo of a large stock falls by chance.

    Args:
        relevant: the mean of X, 0 or more, of any shape.
        others: the mean of Y, of the same shape.

    Returns:
        The precision, and its derivatives by ``relevant`` and by ``others``.
    """
    above = relevant + others
    some = np.maximum(above, NEARLY_NONE)
    share = np.where(above > 0, relevant / np.where(above > 0, above, 1), 0)
    none = np.exp(-some)
    alone = (1 - none) / some  # the mean of 1 / (1 + X + Y), with its slope
    slope = (none * (1 + some) - 1) / some**2
    falls = (1 - alone) / some
    precision = np.where(above < NEARLY_NONE, 1 - (1 - share) * above / 2, share + (1 - share) * alone)
    return precision, (1 - share) * (falls + slope), (1 - share) * slope - share * falls


@dataclass(frozen=True, eq=False)
class StandardRanking:
    """One attribute's photos, each ranked for some of them, to be measured in a standard gallery.

    Attributes:
        order: ``(Q, G)``, the candidates by falling score: their places among the G.
        hits: bool ``(Q, G)``, in the same order, whether they are relevant.
        own: bool ``(Q, G)``, likewise, whether they are the query itself or show its product; they count as not there.
        values: ``(G,)``, the value of each candidate.
        expected: ``(V,)``, how many photos of each value the standard gallery has.
        counts: ``(Q,)``, how much each query counts in the mean; the sum is 1.
        wished: ``(Q,)``, how many relevant candidates, but for the one at the rank, the standard gallery has.
    """

    order: NDArray[np.int64]
    hits: NDArray[np.bool_]
    own: NDArray[np.bool_]
    values: NDArray[np.int32]
    expected: Numbers
    counts: Numbers
    wished: Numbers

    def measure(self) -> tuple[Numbers, Numbers]:
        """Return each query's average precision ``(Q,)``, 0 to 1, and how each candidate moves their mean ``(G,)``.

        The latter is the derivative of the mean by how often the candidate counts, as the infinitesimal jackknife
        takes it. A query without a relevant candidate has precision 0.
        """
        stock = np.bincount(self.values, minlength=len(self.expected)).astype(np.float64)  # (V,)
        per_photo = np.divide(self.expected, stock, out=np.zeros_like(stock), where=stock > 0)[self.values]  # (G,)
        moves, pushed = np.zeros(len(self.values)), np.zeros(len(stock))
        precisions = np.zeros(len(self.order))
        for part in slices(len(self.order), max(1, CELLS_AT_ONCE // len(self.values))):
            precisions[part], relevant, others = self._block(part, per_photo)
            order = self.order[part].ravel()
            moves += np.bincount(order, (relevant + others).ravel(), len(moves))
            pushed += np.bincount(self.values[order], others.ravel(), len(pushed))
        # A value's photos share its place in the gallery: if one counts more, all count less.
        shared = np.divide(pushed, stock, out=np.zeros_like(stock), where=stock > 0)
        return precisions, moves - shared[self.values]

    def _block(self, part: slice, per_photo: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Return queries' precisions ``(q,)``, and how relevant candidates and others move the mean ``(q, G)``."""
        there = ~self.own[part]
        relevant, others = self.hits[part] & there, np.where(self.hits[part] | ~there, 0, per_photo[self.order[part]])
        count = relevant.sum(axis=1, keepdims=True).astype(np.float64)  # (q, 1)
        step = self.wished[part, None] / np.maximum(count - 1, 1)  # in the gallery, for each relevant candidate here
        above = (relevant.cumsum(axis=1) - relevant) * step
        precision, by_relevant, by_others = (np.zeros(relevant.shape) for _ in range(3))
        found = expected_precision(above[relevant], others.cumsum(axis=1)[relevant])
        precision[relevant], by_relevant[relevant], by_others[relevant] = found
        weight = self.counts[part, None] / np.maximum(count, 1)  # (q, 1)
        mean = precision.sum(axis=1, keepdims=True) / np.maximum(count, 1)
        grown, turns = by_relevant * above, np.maximum(count - 1, 1)
        moved = precision - mean + step * _below(by_relevant) - (grown.sum(axis=1, keepdims=True) - grown) / turns
        return mean[:, 0], np.where(relevant, weight * moved, 0), weight * others * _below(by_others)


def _below(numbers: Numbers) -> Numbers:
    """Return, for each place of each row ``(q, G)``, the sum of the places after it."""
    return np.asarray(numbers.sum(axis=1, keepdims=True) - numbers.cumsum(axis=1))
