"""The int8 codec and its scan, against plain arithmetic, with ONNX Runtime and without."""

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.search.scan import _vectors as vectors
from fashionsdk.search.scan import _whole_products as products
from fashionsdk.search.scan import decoded, encoded, largest_sums, open_vectors
from fashionsdk.search.scan._product_graph import constant_graph, product_graph


def unit(seed: int, count: int, dimension: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(params=["onnxruntime", "numpy"])
def way(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(products, "_session", lambda: None)


@pytest.mark.parametrize("dimension", [1, 4, 64, 329])
def test_vectors_come_back_of_unit_length_and_close(dimension):
    given_vectors = unit(1, 200, dimension)
    back = decoded("int8", encoded("int8", given_vectors))
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, rtol=0, atol=1e-6)
    # Half a step of each number, a step being the largest over 127, and what normalising moves, which is less.
    step = np.abs(given_vectors).max(axis=1) / 127
    assert (np.linalg.norm(back - given_vectors, axis=1) <= step * np.sqrt(dimension)).all()


@given(seed=st.integers(0, 1000), dimension=st.integers(1, 40))
def test_storing_again_changes_nothing(seed, dimension):
    once = encoded("int8", unit(seed, 20, dimension))
    np.testing.assert_array_equal(encoded("int8", decoded("int8", once)), once)


def test_zeros_stay_zeros():
    rows = np.zeros((2, 8), np.float32)
    np.testing.assert_array_equal(decoded("int8", encoded("int8", rows)), rows)


def test_whole_products_are_exact_at_the_largest_numbers(way):
    """Kernels without VNNI add pairs of products in int16: 255 * 64 * 2 must not overflow."""
    rows = np.full((70, 64), 255, np.uint8)
    rows[1::2] = np.random.default_rng(1).integers(0, 256, (35, 64))
    digits = np.full((64, 3), 64, np.int8)
    digits[:, 1], digits[:, 2] = -64, np.random.default_rng(2).integers(-64, 65, 64)
    scales = np.array([1, 0.5, 2], np.float32)
    found = products.whole_products(rows, digits, scales)
    np.testing.assert_array_equal(found, (rows.astype(np.int64) - 128) @ digits.astype(np.int64) * scales)
    assert found.dtype == np.float32


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("queries", [1, 5])
def test_rough_scores_are_off_by_no_more_than_they_say(way, monkeypatch, queries, constant):
    monkeypatch.setattr(vectors, "BLOCK_ROWS", 64)
    monkeypatch.setattr(vectors, "PACKED_ROWS", 90)
    stored = encoded("int8", unit(3, 300, 64))
    asked = unit(4, queries, 64) * np.array([[0.01], [3], [-1], [1], [0.5]], np.float32)[:queries]
    asked[0, 0] = 0
    scores, off = open_vectors("int8", stored, constant=constant).rough_scores(asked)
    assert off is not None
    exact = asked.astype(np.float64) @ decoded("int8", stored).astype(np.float64).T
    assert (np.abs(scores - exact).max(axis=1) <= off + 1e-9).all()
    assert (off < 5e-4 * np.linalg.norm(asked, axis=1)).all()  # small enough to leave few candidates


@pytest.mark.parametrize("constant", [False, True])
def test_the_best_are_those_of_float64(way, constant):
    """Vectors so close together that rough scores alone would put them in another order."""
    rng = np.random.default_rng(5)
    rows = unit(6, 1, 32) + 1e-3 * rng.normal(size=(500, 32))
    stored = encoded("int8", (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
    query = unit(7, 3, 32)
    exact = query.astype(np.float64) @ decoded("int8", stored).astype(np.float64).T
    best = largest_sums([query], [open_vectors("int8", stored, constant=constant)], 20)
    np.testing.assert_array_equal(best.rows, np.argsort(-exact.astype(np.float32), axis=1, kind="stable")[:, :20])


def test_packed_products_are_exact_at_the_largest_numbers():
    rows = np.full((70, 64), 255, np.uint8)
    rows[1::2] = np.random.default_rng(1).integers(1, 256, (35, 64))
    digits = np.full((64, 3), 64, np.int8)
    digits[:, 1], digits[:, 2] = -64, np.random.default_rng(2).integers(-64, 65, 64)
    scales = np.ones(70, np.float32)
    scales[3] = 0
    expected = (rows.astype(np.int64) - 128) @ digits.astype(np.int64) * scales[:, None].astype(np.int64)
    np.testing.assert_array_equal(products.ConstantRows(rows, scales).products(digits), expected.T)


def test_a_query_of_zeros_finds_the_first():
    best = largest_sums([np.zeros((1, 8), np.float32)], [open_vectors("int8", encoded("int8", unit(1, 9, 8)))], 3)
    assert best.rows.tolist() == [[0, 1, 2]]


def test_the_graphs_are_valid_onnx():
    model = onnx.load_from_string(product_graph())
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["MatMulIntegerToFloat"]
    rows, scales = np.arange(6, dtype=np.int8).reshape(3, 2), np.arange(3, dtype=np.float32)
    model = onnx.load_from_string(constant_graph(rows, scales))
    onnx.checker.check_model(model)
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    np.testing.assert_array_equal(constants["rows"], rows.T)
    np.testing.assert_array_equal(constants["scales"], scales)
