"""Several differences at once: which cannot be chance? Holm's procedure on normal estimates.

Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05  # how often any difference may be reported where there is none
NORMAL = NormalDist()
LEAST_ERROR = 1e-9  # of an estimate without spread, so that it can be divided by


def half_widths(differences: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half the width of each difference's interval, ``(K,)``.

    Holm's procedure rejects exactly the differences whose intervals leave out 0. The strongest has the interval of
    ``LEVEL / K``, the next of ``LEVEL / (K - 1)`` and so on. From the first that is not rejected, all have its level.

    Args:
        differences: ``(K,)``.
        errors: their standard errors, ``(K,)``.
    """
    safe = np.maximum(errors, LEAST_ERROR)
    strength = np.abs(differences) / safe
    factors, factor = np.empty(len(strength)), 0.0
    rejecting = True
    for place, k in enumerate(np.argsort(-strength, kind="stable")):
        factor = NORMAL.inv_cdf(1 - LEVEL / (len(strength) - place) / 2) if rejecting else factor
        rejecting = rejecting and bool(strength[k] > factor)
        factors[k] = factor
    return np.asarray(factors * safe)
