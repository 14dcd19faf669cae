"""What a bundle's graph may hold: exports' operators, weights inside the bundle; all else is refused unseen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from fashionsdk import Embedder
from fashionsdk.backends import RUNTIMES
from fashionsdk.bundle import Bundle
from fashionsdk.bundle.graph import OPERATORS
from fashionsdk.errors import BackendError, BundleError, FashionSDKError

Write = Callable[..., Bundle]
CPU = [name for name, record in RUNTIMES.items() if record.runs_graphs and "cpu" in record.devices]


@pytest.fixture
def bundle_of(write_bundle: Write, tmp_path: Path) -> Callable[[onnx.ModelProto | bytes], Bundle]:
    """Write a bundle with a graph."""

    def write(model: onnx.ModelProto | bytes, **files: bytes) -> Bundle:
        path = tmp_path / "other.onnx"
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        graphs = {"model.fp32.onnx": path}
        for name, data in files.items():
            graphs[name] = tmp_path / name
            graphs[name].write_bytes(data)
        return write_bundle(graphs=graphs, overwrite=(tmp_path / "bundle").exists())

    return write


def move_out(model: onnx.ModelProto, **entries: str) -> bytes:
    """Move the weights of ``projection`` out of the graph, and say where they are; return them."""
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "projection")
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return data


@pytest.mark.parametrize("runtime", CPU)
def test_weights_in_a_listed_file_are_read(tiny_model: Any, bundle_of: Any, reference: Any, runtime: str):
    model = tiny_model.graph()
    data = move_out(model, location="weights", offset="64")
    embedder = Embedder(bundle_of(model, weights=bytes(64) + data), runtime=runtime, device="cpu")
    np.testing.assert_allclose(embedder.embed(reference.images).vectors, reference.embeddings, rtol=0, atol=1e-5)


@pytest.mark.parametrize("runtime", CPU)
@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "*/_ORT_MEM_ADDR_/*", "offset": "4096", "length": "4608"}, "the manifest does not list"),
        ({"location": "/etc/hostname"}, "the manifest does not list"),
        ({"location": "../bundle/weights"}, "the manifest does not list"),
        ({"location": "./weights"}, "the manifest does not list"),
        ({"location": "secret"}, "the manifest does not list"),
        ({"location": ""}, "the manifest does not list"),
        ({"offset": "0"}, "the manifest does not list"),
        ({"location": "weights", "offset": "1"}, "has weights of 4608 bytes at 1 of the 4608 bytes"),
        ({"location": "weights", "length": "4"}, "has weights of 4608 bytes at 0"),
        ({"location": "weights", "offset": "-1"}, "expected a whole number"),
        ({"location": "weights", "offset": "1" * 30}, "expected a whole number"),
        ({"location": "weights", "basepath": "/"}, "with the setting 'basepath'"),
    ],
)
def test_weights_elsewhere_are_refused_before_a_runtime_sees_the_graph(
    tiny_model: Any, bundle_of: Any, runtime: str, entries: dict[str, str], message: str
):
    model = tiny_model.graph()
    data = move_out(model, **entries)
    bundle = bundle_of(model, weights=data)
    (bundle.path / "secret").write_bytes(data)  # beside the graph, but not of the bundle
    with pytest.raises(BundleError, match=message) as error:
        Embedder(bundle, runtime=runtime, device="cpu")
    assert "export the checkpoint again" in str(error.value)


def test_weights_of_a_graph_in_a_folder_lie_beside_it(write_bundle: Write, manifest: Any, tiny_model: Any, tmp_path):
    from dataclasses import replace

    model = tiny_model.graph()
    (tmp_path / "weights").write_bytes(move_out(model, location="weights"))
    onnx.save(model, tmp_path / "g.onnx")
    there = replace(manifest, graphs=(replace(manifest.graphs[0], file="deep/g.onnx"),))
    files = {"deep/g.onnx": tmp_path / "g.onnx", "deep/weights": tmp_path / "weights"}
    write_bundle(manifest=there, graphs=files, out=tmp_path / "beside").check_graph()
    files = {"deep/g.onnx": tmp_path / "g.onnx", "weights": tmp_path / "weights"}
    with pytest.raises(BundleError, match="the manifest does not list"):
        write_bundle(manifest=there, graphs=files, out=tmp_path / "above").check_graph()


def test_weights_of_a_constant_node_are_checked_too(tiny_model: Any, bundle_of: Any):
    model = tiny_model.graph()
    tensor = onnx.TensorProto(dims=[4], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/hostname")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["unused"], value=tensor))
    with pytest.raises(BundleError, match="has weights in '/etc/hostname', which the manifest does not list"):
        bundle_of(model).check_graph()


def endless_loop() -> onnx.NodeProto:
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["on"])],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
    )
    return helper.make_node("Loop", ["", ""], [], body=body)


@pytest.mark.parametrize("runtime", CPU)
@pytest.mark.parametrize(
    ("node", "name"),
    [
        (endless_loop(), "Loop"),
        (helper.make_node("Scan", ["images"], ["y"], num_scan_inputs=1), "Scan"),
        (helper.make_node("RandomUniform", [], ["y"], shape=[2]), "RandomUniform"),
        (helper.make_node("Einsum", ["images"], ["y"], equation="a"), "Einsum"),
        (helper.make_node("FusedConv", ["images"], ["y"], domain="com.microsoft"), "com.microsoft.FusedConv"),
        (helper.make_node("Relu", ["images"], ["y"], domain="evil"), "evil.Relu"),
        (helper.make_node("", ["images"], ["y"]), ""),
    ],
)
def test_an_operator_that_no_export_writes_is_named(
    tiny_model: Any, bundle_of: Any, runtime: str, node: onnx.NodeProto, name: str
):
    model = tiny_model.graph()
    model.graph.node.append(node)
    with pytest.raises(BundleError, match=rf"model\.fp32\.onnx has the operator {name}; .*leave the graph as it is"):
        Embedder(bundle_of(model), runtime=runtime, device="cpu")


def test_a_subgraph_under_an_allowed_operator_is_refused(tiny_model: Any, bundle_of: Any):
    model = tiny_model.graph()
    model.graph.node[0].attribute.extend(endless_loop().attribute)
    with pytest.raises(BundleError, match="has the field g in an attribute"):
        bundle_of(model).check_graph()


def test_every_operator_is_onnx_own_without_choice_loop_or_chance():
    for operator in OPERATORS:
        schema = onnx.defs.get_schema(operator)
        assert all(attribute.type != onnx.defs.OpSchema.AttrType.GRAPH for attribute in schema.attributes.values())
        assert "seed" not in schema.attributes


def test_a_file_of_another_format_is_refused(write_bundle: Write, manifest: Any, graph_file: Path):
    from dataclasses import replace

    there = replace(manifest, graphs=(replace(manifest.graphs[0], file="model.xml"),))  # OpenVINO's own
    with pytest.raises(BundleError, match=r"has a name that does not end in \.onnx"):
        Embedder(write_bundle(manifest=there, graphs={"model.xml": graph_file}), device="cpu")


def damaged_name(tiny_model: Any) -> bytes:
    return tiny_model.graph().SerializeToString().replace(b"\x22\x03Div", b"\x22\x03\xa6iv", 1)


@pytest.mark.parametrize("runtime", CPU)
@pytest.mark.parametrize(
    "damage",
    [
        lambda tiny: b"",
        lambda tiny: b"not a graph",
        lambda tiny: tiny.graph().SerializeToString()[:-1],
        lambda tiny: tiny.graph().SerializeToString() * 2,
        damaged_name,
    ],
)
def test_a_damaged_graph_is_a_backend_error_with_every_runtime(
    tiny_model: Any, bundle_of: Any, runtime: str, damage: Callable[[Any], bytes]
):
    with pytest.raises(BackendError, match=r"does not load on cpu: .*; copy or export the bundle again"):
        Embedder(bundle_of(damage(tiny_model)), runtime=runtime, device="cpu")


@pytest.mark.parametrize("runtime", CPU)
def test_whatever_a_runtime_raises_is_a_backend_error(bundle: Bundle, runtime: str, monkeypatch: pytest.MonkeyPatch):
    import onnxruntime
    import openvino

    class Broken:
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            raise UnicodeDecodeError("utf-8", b"\xa6", 0, 1, "invalid start byte")

    monkeypatch.setattr(onnxruntime, "InferenceSession", Broken)
    monkeypatch.setattr(openvino.Core, "read_model", Broken)
    with pytest.raises(BackendError, match="does not load on cpu"):
        Embedder(bundle, runtime=runtime, device="cpu")


@pytest.mark.parametrize("runtime", CPU)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), patch=st.binary(min_size=1, max_size=4))
def test_a_mutated_graph_answers_or_is_our_error(
    tiny_model: Any, bundle_of: Any, reference: Any, runtime: str, position: float, patch: bytes
):
    whole = tiny_model.graph().SerializeToString()
    start = int(position * len(whole))
    try:
        with Embedder(bundle_of(whole[:start] + patch + whole[start + len(patch) :]), runtime=runtime) as embedder:
            found = embedder.embed(reference.images).vectors
    except FashionSDKError:
        return
    assert found.shape == reference.embeddings.shape
    assert np.isfinite(found).all()
