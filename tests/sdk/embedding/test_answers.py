"""Answers that are no embeddings are an error: not finite, not of unit length, of another shape or number."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fashionsdk import Embedder
from fashionsdk.backends import RUNTIMES, BackendInfo
from fashionsdk.embedding._answers import check_answers
from fashionsdk.errors import BackendError

CPU = [name for name, record in RUNTIMES.items() if record.runs_graphs and "cpu" in record.devices]
INFO = BackendInfo("some runtime", "cpu", "fp32", "")
NAMES = ("neckline", "sleeve", "colour")


def unit(count: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(0).normal(size=(count, len(NAMES), 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("rounded", [np.float32, np.float16])
def test_unit_vectors_pass_rounded_or_not(rounded: type):
    check_answers(unit(9).astype(rounded).astype(np.float32), np.full((9, 3, 2, 2), 0.25, np.float32), NAMES, INFO)


@pytest.mark.parametrize(
    ("value", "length"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "inf"), (1e30, "inf"), (2.0, "2"), (0.0, "0")]
)
def test_one_wrong_vector_is_named(value: float, length: str):
    vectors = unit(9)
    vectors[4, 1] = 0
    vectors[4, 1, 3] = value
    with pytest.raises(
        BackendError, match=f"the photo at 4 of a batch a 'sleeve' vector of length {length}; expected 1"
    ):
        check_answers(vectors, None, NAMES, INFO)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_attention_that_is_not_finite_is_an_error(value: float):
    maps = np.full((9, 3, 2, 2), 0.25, np.float32)
    maps[8, 2, 1, 1] = value
    with pytest.raises(BackendError, match="gave attention that is not finite"):
        check_answers(unit(9), maps, NAMES, INFO)


@pytest.fixture
def embedder_of(write_bundle: Callable[..., Any], tmp_path: Path) -> Callable[[onnx.ModelProto, str], Embedder]:
    """Open a graph in a runtime on the CPU."""

    def open_graph(model: onnx.ModelProto, runtime: str) -> Embedder:
        onnx.save(model, tmp_path / "changed.onnx")
        bundle = write_bundle(graphs={"model.fp32.onnx": tmp_path / "changed.onnx"})
        return Embedder(bundle, device="cpu", runtime=runtime)

    return open_graph


def with_last(tiny_model: Any, output: str, *nodes: onnx.NodeProto, **constants: object) -> onnx.ModelProto:
    """Return the tiny graph with nodes between what it computed for an output, now ``before``, and the output."""
    model: onnx.ModelProto = tiny_model.graph()
    for node in model.graph.node:
        node.output[:] = ["before" if name == output else name for name in node.output]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    return model


@pytest.mark.parametrize("runtime", CPU)
@pytest.mark.parametrize(("factor", "length"), [(np.nan, "nan"), (np.inf, "inf"), (2.0, "2"), (0.0, "0")])
def test_a_graph_with_such_answers_is_an_error(
    tiny_model: Any, embedder_of: Any, reference: Any, runtime: str, factor: float, length: str
):
    multiply = helper.make_node("Mul", ["before", "factor"], ["embeddings"])
    model = with_last(tiny_model, "embeddings", multiply, factor=np.float32(factor))
    with embedder_of(model, runtime) as embedder:
        with pytest.raises(BackendError, match=f"vector of length ({length}|nan); expected 1: run fashionsdk check"):
            embedder.embed(reference.images)
        with pytest.raises(BackendError, match="vector of length"):
            next(embedder.embed_many([reference.images[0]]))


@pytest.mark.parametrize("runtime", CPU)
def test_a_graph_with_another_number_of_answers_than_photos_is_an_error(
    tiny_model: Any, embedder_of: Any, reference: Any, runtime: str
):
    cut = helper.make_node("Slice", ["before", "zero", "one", "zero"], ["embeddings"])
    model = with_last(tiny_model, "embeddings", cut, zero=np.array([0]), one=np.array([1]))
    with embedder_of(model, runtime) as embedder:
        assert embedder.embed(reference.images[:1]).vectors.shape == (1, 3, 8)
        with pytest.raises(BackendError, match=r"gave embeddings of shape \(1, 3, 8\) for [24] photos; expected \("):
            embedder.embed(reference.images[:4])


@pytest.mark.parametrize("runtime", CPU)
def test_a_graph_with_vectors_of_another_length_is_an_error(
    tiny_model: Any, embedder_of: Any, reference: Any, runtime: str
):
    cut = helper.make_node("Slice", ["before", "zero", "length", "axis"], ["embeddings"])
    model = with_last(tiny_model, "embeddings", cut, zero=np.array([0]), length=np.array([7]), axis=np.array([2]))
    output = next(value for value in model.graph.output if value.name == "embeddings")
    output.CopyFrom(helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["B", 3, "D"]))
    with pytest.raises(Exception, match=r"expected embeddings to be|gave embeddings of shape") as error:
        embedder_of(model, runtime).embed(reference.images)
    assert type(error.value).__name__ in ("BundleError", "BackendError")
