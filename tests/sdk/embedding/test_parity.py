from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from fashionsdk.bundle import Bundle, GraphInfo, Manifest, Reference
from fashionsdk.embedding._parity import TOLERANCES, check, compare
from fashionsdk.errors import BackendError, BundleError


def test_bundle_agrees_with_its_reference(bundle: Bundle):
    report = check(bundle.path, device="cpu")
    assert report.ok
    assert report.images == 6
    assert report.parity.max_abs_difference < 1e-6
    assert report.parity.min_cosine == pytest.approx(1, abs=1e-6)
    assert report.parity.neighbour_agreement == 1
    assert report.parity.attention_max_difference is not None
    assert report.parity.attention_max_difference < 1e-6
    assert str(report).startswith("ok: 6 reference images on onnxruntime")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_bundle_agrees_with_its_reference_in_openvino(bundle: Bundle, precision: str):
    openvino = pytest.importorskip("openvino")
    if precision == "bf16" and "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this CPU does no bfloat16")
    report = check(bundle, precision=precision, runtime="openvino")
    assert report.ok
    assert report.tolerance == TOLERANCES[precision]
    assert str(report).startswith("ok: 6 reference images on openvino")


@pytest.mark.parametrize("weight", ["projection", "query"])
def test_changed_weight_is_found_out(write_bundle: Callable[..., Bundle], tiny_model: Any, tmp_path: Path, weight: str):
    model = tiny_model.graph()
    (tensor,) = (tensor for tensor in model.graph.initializer if tensor.name == weight)
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(-1), weight))
    onnx.save(model, tmp_path / "changed.onnx")
    report = check(write_bundle(graphs={"model.fp32.onnx": tmp_path / "changed.onnx"}), device="cpu")
    assert not report.ok
    assert str(report).startswith("NOT OK")


def test_tolerance_follows_the_precision(write_bundle: Callable[..., Bundle], manifest: Manifest, graph_file: Path):
    graphs = (*manifest.graphs, GraphInfo("half.onnx", "fp16", 17, {}))
    bundle = write_bundle(
        manifest=replace(manifest, graphs=graphs),
        graphs={"model.fp32.onnx": graph_file, "half.onnx": graph_file},
    )
    for precision in ("fp32", "fp16"):
        assert check(bundle, device="cpu", precision=precision).tolerance == TOLERANCES[precision]


def test_model_without_attention_is_checked_without(
    write_bundle: Callable[..., Bundle], manifest: Manifest, reference: Reference
):
    bundle = write_bundle(
        manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None)
    )
    report = check(bundle, device="cpu")
    assert report.ok
    assert report.parity.attention_max_difference is None


def test_comparison_is_what_the_definitions_say(reference: Reference):
    found = reference.embeddings + np.random.default_rng(0).normal(0, 0.02, reference.embeddings.shape)
    found = (found / np.linalg.norm(found, axis=-1, keepdims=True)).astype(np.float32)
    parity = compare(reference, found, reference.attention)
    images, attributes, _ = found.shape
    expected = reference.embeddings.astype(np.float64)
    agree, cosines = [], []
    for a in range(attributes):
        for i in range(images):
            others = [j for j in range(images) if j != i]
            true, seen = expected[:, a] @ expected[i, a], found[:, a] @ found[i, a]
            by_expected = sorted(others, key=(-true).__getitem__)
            by_found = sorted(others, key=(-seen).__getitem__)
            agree.append(len(set(by_expected[:2]) & set(by_found[:2])) / 2)  # half of 5 others, rounded down
            cosines.append(float(expected[i, a] @ found[i, a]))
    assert 0 < parity.neighbour_agreement < 1
    assert parity.neighbour_agreement == pytest.approx(np.mean(agree))
    assert parity.min_cosine == pytest.approx(min(cosines), abs=1e-6)
    assert parity.low_cosine == pytest.approx(np.quantile(cosines, 0.1), abs=1e-6)
    assert parity.max_abs_difference == pytest.approx(np.abs(expected - found).max())
    assert parity.attention_max_difference == 0


def test_identical_images_are_a_tie_and_not_a_disagreement(reference: Reference):
    images = np.repeat(reference.images[:2], 3, axis=0)
    embeddings = np.repeat(reference.embeddings[:2], 3, axis=0)
    twins = Reference(images, embeddings, None)
    noise = np.random.default_rng(0).normal(0, 1e-8, embeddings.shape).astype(np.float32)
    assert compare(twins, embeddings + noise, None).neighbour_agreement == 1


def test_embeddings_that_are_not_of_unit_length_are_a_difference(reference: Reference):
    for factor in (0.9, 1.1):
        longer = compare(reference, np.float32(factor) * reference.embeddings, None)
        assert longer.low_cosine == pytest.approx(0.9, abs=1e-6)
        assert not longer.fits(TOLERANCES["fp16"])


@pytest.mark.parametrize("fault", ["low_cosine", "neighbour_agreement", "attention", "difference"])
def test_each_part_of_the_tolerance_is_enforced(bundle: Bundle, fault: str):
    parity = check(bundle, device="cpu").parity
    assert parity.fits(TOLERANCES["fp32"])
    wrong = {
        "low_cosine": 0.9,
        "neighbour_agreement": 0.9,
        "attention_max_difference": 1e-3,
        "max_abs_difference": 1e-3,
    }
    name = {"attention": "attention_max_difference", "difference": "max_abs_difference"}.get(fault, fault)
    assert not replace(parity, **{name: wrong[name]}).fits(TOLERANCES["fp32"])


def test_answers_that_are_not_numbers_are_not_ok(bundle: Bundle, reference: Reference):
    report = check(bundle, device="cpu")
    broken = compare(reference, np.full_like(reference.embeddings, np.nan), reference.attention)
    assert not replace(report, parity=broken).ok


def test_damaged_bundle_and_missing_device_are_errors(write_bundle: Callable[..., Bundle], tmp_path: Path):
    with pytest.raises(BundleError, match="is not a bundle"):
        check(tmp_path)
    (tmp_path / "not.onnx").write_bytes(b"not a graph")
    with pytest.raises(BackendError, match="does not load"):
        check(write_bundle(graphs={"model.fp32.onnx": tmp_path / "not.onnx"}))
