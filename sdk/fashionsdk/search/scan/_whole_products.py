"""Matrix products of whole numbers: by ONNX Runtime where it is installed, else by numpy.

Both are exact, so answers are the same. ONNX Runtime is several times faster: numpy has no such product and converts.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.errors import BackendError
from fashionsdk.search.scan._product_graph import ZERO_DIGIT, ZERO_ROW, constant_graph, product_graph

# Kernels for processors without VNNI add two products in int16, and 255 * 64 * 2 is the most that fits there.
LARGEST_DIGIT = 63  # of the first digit; of those that follow 64 too
DIGIT_BASE = 128

_ERRORS_ONLY = 3
_EXACT_BELOW = 2**24  # whole numbers that float32 adds exactly


def whole_products(
    rows: NDArray[np.uint8], digits: NDArray[np.int8], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the product of rows ``(n, D)``, with 128 added, and digits ``(D, m)`` between -64 and 64, scaled.

    The products are whole numbers, exact, and then multiplied with ``scales`` ``(m,)``: float32 ``(n, m)``.
    """
    session = _session()
    if session is None:
        return _numpy_products(rows, digits, scales)
    (products,) = session.run(None, {"rows": np.ascontiguousarray(rows), "digits": digits, "scales": scales})
    return np.asarray(products)


def _numpy_products(
    rows: NDArray[np.uint8], digits: NDArray[np.int8], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    exact = np.float32 if 128 * 64 * len(digits) < _EXACT_BELOW else np.float64
    whole = (rows.astype(exact) - ZERO_ROW) @ digits.astype(exact)
    return np.asarray(whole.astype(np.float32) * scales)


class ConstantRows:
    """Rows that do not change, packed for the product: twice as fast as `whole_products`, for a second copy of them.

    Args:
        rows: uint8 ``(n, D)``, with 128 added.
        scales: what the products are multiplied with, ``(n,)``.
    """

    def __init__(self, rows: NDArray[np.uint8], scales: NDArray[np.float32]) -> None:
        self._session = _opened(constant_graph((rows ^ ZERO_ROW).view(np.int8), scales))

    def products(self, digits: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the scaled products with digits ``(D, m)`` between -64 and 64, float32 ``(m, n)``."""
        unsigned = (digits.T.astype(np.int16) + ZERO_DIGIT).astype(np.uint8)
        (products,) = self._session.run(None, {"digits": unsigned})
        return np.asarray(products)


def has_fast_products() -> bool:
    """Tell whether ONNX Runtime multiplies."""
    return _session() is not None


@cache
def _session() -> Any:
    """Return a session that multiplies in the caller's thread, so that any number of threads may share it."""
    try:
        return _opened(product_graph())
    except BackendError:  # another runtime is installed, or none: a machine that searches embeds nothing perhaps
        return None


def _opened(model: bytes) -> Any:
    from fashionsdk.backends.onnxruntime import import_runtime  # slow to import, and needed here only

    runtime = import_runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would keep the largest block for ever
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
