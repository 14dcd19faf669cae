"""Nodes meant for a GPU are not placed on the CPU, and int8 graphs have one answer on every CPU."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import fashionsdk.backends.onnxruntime
from fashionsdk.backends import open_backend
from fashionsdk.backends._host import computes_bfloat16, int8_saturates
from fashionsdk.backends.onnxruntime._placement import RECORD_PLACEMENT, check_placement
from fashionsdk.backends.onnxruntime._sessions import keep_int8_exact
from fashionsdk.bundle import Bundle, GraphInfo, Manifest, Reference
from fashionsdk.errors import BackendError

CUDA = "CUDAExecutionProvider"


def recorded(model: onnx.ModelProto) -> Any:
    """Open a session on the CPU that knows where its nodes run."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(RECORD_PLACEMENT, "1")
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def test_nodes_that_run_elsewhere_are_counted_and_are_an_error(tiny_model: Any):
    session = recorded(tiny_model.graph())
    check_placement(session, "CPUExecutionProvider", "cpu")
    with pytest.raises(
        BackendError, match=rf"cuda:1 was asked for, but {CUDA} has no kernel for \d+ .*1 Softmax"
    ) as error:
        check_placement(session, CUDA, "cuda:1")
    assert "1 Conv" in str(error.value)
    assert "Reshape" not in str(error.value)  # it computes lengths in other graphs, and CUDA has a kernel


def test_lengths_may_be_computed_on_the_cpu():
    nodes = [
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["batch"]),
        helper.make_node("Mul", ["batch", "three"], ["rows"]),
        helper.make_node("Concat", ["rows", "rest"], ["lengths"], axis=0),
    ]
    constants = {"first": np.array([0]), "three": np.array([3]), "rest": np.array([-1])}
    graph = helper.make_graph(
        nodes,
        "lengths",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 2])],
        [helper.make_tensor_value_info("lengths", TensorProto.INT64, [2])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    session = recorded(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9))
    assert session.run(None, {"images": np.zeros((5, 2), np.uint8)})[0].tolist() == [15, -1]
    check_placement(session, CUDA, "cuda:0")


def test_a_runtime_that_cannot_tell_is_an_error():
    with pytest.raises(BackendError, match=r"cannot tell .* expected 1\.24\.1 or later: run pip install"):
        check_placement(SimpleNamespace(), CUDA, "cuda:0")


def integer_graph(weights: np.ndarray) -> onnx.ModelProto:
    """Return a graph whose embeddings are 768 pixels times int8 ``weights`` (768, 24), as integers, then normalised."""
    constants: dict[str, Any] = {
        "one": np.array(1, np.float32),
        "zero": np.array(0, np.uint8),
        "weights": weights,
        "scale": np.array(1, np.float32),
        "middle": np.array(0, np.int8),
        "flat_shape": np.array([0, -1]),
        "vector_shape": np.array([0, 3, 8]),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "flat_shape"], ["flat"]),
        helper.make_node("QuantizeLinear", ["flat", "one", "zero"], ["pixels"]),
        helper.make_node("DequantizeLinear", ["pixels", "one", "zero"], ["real_pixels"]),
        helper.make_node("DequantizeLinear", ["weights", "scale", "middle"], ["real_weights"]),
        helper.make_node("MatMul", ["real_pixels", "real_weights"], ["sums"]),
        helper.make_node("Reshape", ["sums", "vector_shape"], ["vectors"]),
        helper.make_node("ReduceL2", ["vectors"], ["lengths"], axes=[-1]),
        helper.make_node("Div", ["vectors", "lengths"], ["embeddings"]),
    ]
    graph = helper.make_graph(
        nodes,
        "integers",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 16, 16, 3])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["B", 3, 8])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture
def quantised(write_bundle: Callable[..., Bundle], manifest: Manifest, graph_file: Path) -> Bundle:
    """A bundle whose int8 graph is the same as its fp32 graph, since only the choice is tested."""
    graphs = (GraphInfo("fp32.onnx", "fp32", 17, {}), GraphInfo("int8.onnx", "int8", 17, {}))
    return write_bundle(manifest=replace(manifest, graphs=graphs), graphs={graph.file: graph_file for graph in graphs})


@pytest.mark.parametrize("vnni", [None, False, True])
def test_products_of_uint8_and_int8_do_not_saturate(
    write_bundle: Callable[..., Bundle],
    manifest: Manifest,
    reference: Reference,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vnni: bool | None,
):
    """Two products of 255 and 127 do not fit 16 bits; ``None`` is what the SDK does here."""
    if vnni and int8_saturates():
        pytest.skip("needs a CPU with VNNI")
    if vnni is not None:
        monkeypatch.setattr(fashionsdk.backends.onnxruntime._sessions, "int8_saturates", lambda: not vnni)
    weights = np.random.default_rng(0).choice(np.array([-127, 1, 127, 127], np.int8), (768, 24))
    onnx.save(integer_graph(weights), tmp_path / "int8.onnx")
    bundle = write_bundle(
        manifest=replace(manifest, graphs=(GraphInfo("int8.onnx", "int8", 17, {}),), attention_shape=None),
        graphs={"int8.onnx": tmp_path / "int8.onnx"},
        reference=replace(reference, attention=None),
    )
    images = np.full((2, 16, 16, 3), 255, np.uint8)
    sums = (images.reshape(2, -1).astype(np.int64) @ weights.astype(np.int64)).reshape(2, 3, 8)
    expected = sums / np.linalg.norm(sums, axis=-1, keepdims=True)
    found, _ = open_backend(bundle, "cpu", "int8", runtime="onnxruntime").run(images)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("saturates", "expected"), [(True, True), (None, True), (False, False)])
def test_weights_become_uint8_unless_the_cpu_is_known_to_have_vnni(
    monkeypatch: pytest.MonkeyPatch, saturates: bool | None, expected: bool
):
    monkeypatch.setattr(fashionsdk.backends.onnxruntime._sessions, "int8_saturates", lambda: saturates)
    options = onnxruntime.SessionOptions()
    keep_int8_exact(options)
    if expected:
        assert options.get_session_config_entry("session.x64quantprecision") == "1"
    else:
        with pytest.raises(RuntimeError, match="x64quantprecision"):  # that it is not set
            options.get_session_config_entry("session.x64quantprecision")


@pytest.mark.parametrize(
    ("tell", "text", "expected"),
    [
        (int8_saturates, "processor : 0\nflags\t\t: fpu avx2 avx512_vnni sse\n", False),
        (int8_saturates, "flags : fpu avx_vnni\n", False),
        (int8_saturates, "flags : fpu avx2 avx512f\n\nprocessor : 1\n", True),
        (int8_saturates, "model name : avx512_vnni\nflags : fpu avx512_vnni_other\n", True),
        (int8_saturates, "", True),
        (computes_bfloat16, "flags : fpu avx512f avx512_bf16\n", True),
        (computes_bfloat16, "flags : fpu amx_tile amx_bf16\n", True),
        (computes_bfloat16, "flags : fpu avx2 avx512f\n", False),
        (computes_bfloat16, "model name : amx_bf16\nflags : fpu avx512_bf16_other\n", False),
        (computes_bfloat16, "", False),
    ],
)
@pytest.mark.parametrize("machine", ["AMD64", "x86_64"])
def test_what_an_x64_cpu_computes_follows_from_its_flags(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    tell: Callable[[Path], bool | None],
    text: str,
    expected: bool,
):
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert tell(tmp_path / "cpuinfo") is expected
    assert tell(tmp_path / "none") is None


@pytest.mark.parametrize(("tell", "expected"), [(int8_saturates, False), (computes_bfloat16, None)])
def test_flags_say_nothing_of_other_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[[Path], bool | None], expected: bool | None
):
    (tmp_path / "cpuinfo").write_text("flags : avx512_bf16\n")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert tell(tmp_path / "none") is expected
    assert tell(tmp_path / "cpuinfo") is expected


@pytest.mark.parametrize("known", [True, None])
def test_without_vnni_the_runtime_that_computes_int8_without_loss_is_chosen(
    quantised: Bundle, monkeypatch: pytest.MonkeyPatch, known: bool | None
):
    for module in ("_choice", "openvino._openvino", "onnxruntime._sessions"):
        monkeypatch.setattr(f"fashionsdk.backends.{module}.int8_saturates", lambda: known)
    backend = open_backend(quantised, "cpu", "int8")
    assert backend.info.runtime.startswith("onnxruntime")
    assert "not known to have VNNI" in backend.info.reason
    if known:
        with pytest.raises(BackendError, match="choose runtime='onnxruntime'"):
            open_backend(quantised, "cpu", "int8", runtime="openvino")
