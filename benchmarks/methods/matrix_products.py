"""Square matrix products by every installed library: the fastest arithmetic that a machine can do."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.answers import check_close
from harness.bursts import burst

Matrix: TypeAlias = NDArray[np.float32]
Call: TypeAlias = Callable[[], Any]

LIBRARIES = {"cpu": ("numpy", "torch", "ONNX Runtime", "OpenVINO"), "cuda": ("torch",)}

# Largest relative difference to float64: rounding adds up to 1e-6; bfloat16 or TF32 would be off by 1e-4 and more.
RTOL = {"fp32": 2e-5, "fp16": 1e-2}


def matrices(size: int) -> tuple[Matrix, Matrix]:
    """Return two random matrices ``(size, size)`` whose product is about 1/4 everywhere, so that fp16 can hold it."""
    first, second = np.random.default_rng(0).random((2, size, size), dtype=np.float32)
    return first, second / size


class Product:
    """The product of ``matrices(size)`` by one of the ``LIBRARIES``."""

    def __init__(self, library: str, device: str, precision: str, size: int, threads: int) -> None:
        first, second = matrices(size)
        self.precision, self.expected = precision, _some(first).astype(np.float64) @ second.astype(np.float64)
        self._call = (
            _torch_cuda(first, second, precision) if device == "cuda" else _MAKERS[library](first, second, threads)
        )

    def burst(self, calls: int) -> list[float]:
        """Multiply ``calls`` times, every answer checked; return the milliseconds of each."""
        return burst(self._call, calls, partial(check, self.expected, self.precision))


def check(expected: NDArray[np.float64], precision: str, answer: Any) -> None:
    """Compare some rows of a product with those of float64. Multiplies nothing, so that no other threads are started.

    Raises:
        WrongAnswer: they differ by more than the precision's rounding.
    """
    rows = _some(answer)
    found = np.asarray(rows.float().cpu() if hasattr(rows, "cpu") else rows, np.float64)
    check_close(expected, found, RTOL[precision], f"a product of size {expected.shape[1]}")


def _some(matrix: Any) -> Any:
    """Return four rows or five, spread over the matrix."""
    return matrix[:: max(1, len(matrix) // 4)]


def _torch_cuda(first: Matrix, second: Matrix, precision: str) -> Call:
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    kind = torch.float16 if precision == "fp16" else torch.float32
    a, b = (torch.from_numpy(matrix).to("cuda", kind) for matrix in (first, second))

    def product() -> torch.Tensor:
        answer = a @ b
        torch.cuda.synchronize()
        return answer

    return product


def _numpy(first: Matrix, second: Matrix, threads: int) -> Call:
    return partial(np.matmul, first, second, out=np.empty_like(first))  # it takes all threads there are


def _torch(first: Matrix, second: Matrix, threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    return partial(torch.mm, torch.from_numpy(first), torch.from_numpy(second))


def _onnxruntime(first: Matrix, second: Matrix, threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(_graph(second), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"first": first})[0]


def _openvino(first: Matrix, second: Matrix, threads: int) -> Call:
    import openvino

    # Where the processor has bfloat16, that is the default.
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(_graph(second), b""), "CPU", options)
    request = compiled.create_infer_request()
    return lambda: request.infer({"first": first}, share_inputs=True, share_outputs=True)[0]


def _graph(second: Matrix) -> bytes:
    """Return an ONNX graph of one product; the second matrix is a constant, which a library may repack beforehand."""
    from onnx import TensorProto, helper, numpy_helper

    value = partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT, shape=second.shape)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["first", "second"], ["product"])],
        "product",
        [value("first")],
        [value("product")],
        [numpy_helper.from_array(second, "second")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


_MAKERS = {"numpy": _numpy, "torch": _torch, "ONNX Runtime": _onnxruntime, "OpenVINO": _openvino}
