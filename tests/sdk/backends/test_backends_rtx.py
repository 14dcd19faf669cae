"""TensorRT for RTX as a plugin of ONNX Runtime, without an RTX card: what is missing is said, with a remedy."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from fashionsdk.backends import RUNTIMES, open_backend
from fashionsdk.backends.onnxruntime import _rtx_plugin
from fashionsdk.backends.onnxruntime._rtx_plugin import RtxSession, check_version, profile, rtx_card
from fashionsdk.bundle import Bundle, GraphInfo, Manifest
from fashionsdk.errors import BackendError

MODULE = RUNTIMES["onnxruntime-rtx"].module
PROVIDER = "NvTensorRTRTXExecutionProvider"
CARD_ATOL = 1e-2  # TF32 keeps 10 bits of the mantissa; not yet measured


@pytest.fixture
def half(write_bundle: Callable[..., Bundle], manifest: Manifest, graph_file: Path) -> Bundle:
    """A bundle whose fp16 graph is the same as its fp32 graph, since it is not run."""
    graphs = (GraphInfo("fp32.onnx", "fp32", 17, {}), GraphInfo("fp16.onnx", "fp16", 17, {}))
    return write_bundle(manifest=replace(manifest, graphs=graphs), graphs={graph.file: graph_file for graph in graphs})


def plugin(library: Path) -> Any:
    """Return the wheel's module, with another library."""
    return SimpleNamespace(__version__="0.5.0", get_ep_name=lambda: PROVIDER, get_library_path=lambda: str(library))


def open_rtx(bundle: Bundle, precision: str | None = "fp16") -> None:
    open_backend(bundle, "cuda", precision, runtime="onnxruntime-rtx")


def test_without_the_wheel_the_error_says_what_to_install(half: Bundle, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, MODULE, None)
    with pytest.raises(BackendError, match=r'onnxruntime-rtx cannot be imported: .*pip install "fashionsdk\[onnxrun'):
        open_rtx(half)


@pytest.mark.parametrize("name", ["missing.so", "text.so"])
def test_a_library_that_does_not_load_is_an_error_with_the_loaders_reason(
    half: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
):
    (tmp_path / "text.so").write_text("no library")
    monkeypatch.setitem(sys.modules, MODULE, plugin(tmp_path / name))
    with pytest.raises(BackendError, match=rf"onnxruntime-rtx does not load: .*{name}.*check with nvidia-smi"):
        open_rtx(half)
    assert capfd.readouterr() == ("", "")


def test_the_cuda_runtime_in_the_wheel_is_loaded_first(half: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "libcudart.so.12.9.79").write_text("no library either")
    monkeypatch.setitem(sys.modules, MODULE, plugin(tmp_path / "missing.so"))
    with pytest.raises(BackendError, match=r"onnxruntime-rtx does not load: .*libcudart\.so\.12\.9\.79"):
        open_rtx(half)


@pytest.mark.skipif(not RUNTIMES["onnxruntime-rtx"].installed, reason="needs onnxruntime-ep-nv-tensorrt-rtx")
def test_the_real_wheel_says_that_there_is_no_driver_or_no_card(half: Bundle):
    with pytest.raises(BackendError, match=r"does not load: libcuda\.so\.1|finds here: none"):
        open_rtx(half)


@pytest.mark.parametrize("precision", ["fp32", None])
def test_another_precision_than_half_is_an_error(half: Bundle, precision: str | None):
    with pytest.raises(BackendError, match="fp32"):
        open_rtx(half, precision)


@pytest.mark.parametrize("version", ["1.23.2", "1.9.0", "0.5"])
def test_an_older_onnxruntime_is_an_error(version: str):
    with pytest.raises(BackendError, match=rf"needs onnxruntime 1\.24 or later, this is {version}: run pip install"):
        check_version(SimpleNamespace(__version__=version))


@pytest.mark.parametrize("version", ["1.24.0", "1.32.0rc1", "2.0", onnxruntime.__version__])
def test_a_newer_onnxruntime_is_not(version: str):
    check_version(SimpleNamespace(__version__=version))


def devices(*cards: dict[str, str]) -> Any:
    """Return ONNX Runtime as it lists its devices: a CPU, and these cards of the plugin."""
    listed = [SimpleNamespace(ep_name="CPUExecutionProvider", ep_options={})]
    listed += [SimpleNamespace(ep_name=PROVIDER, ep_options=options) for options in cards]
    return SimpleNamespace(get_ep_devices=lambda: listed)


def test_a_card_is_found_by_its_number_or_else_by_its_place(tmp_path: Path):
    numbered, placed = devices({"device_id": "2"}, {"device_id": "0"}), devices({}, {})
    assert rtx_card(numbered, plugin(tmp_path), 0).ep_options == {"device_id": "0"}
    assert rtx_card(placed, plugin(tmp_path), 1) is placed.get_ep_devices()[2]


def test_a_card_that_is_not_there_is_an_error_with_those_that_are(tmp_path: Path):
    with pytest.raises(BackendError, match=r"cuda:1 was asked for; .* 8\.6, 8\.9, 12\.0 .* finds here: cuda:2, cuda:0"):
        rtx_card(devices({"device_id": "2"}, {"device_id": "0"}), plugin(tmp_path), 1)


def test_kernels_are_compiled_for_the_input_of_the_bundle(half: Bundle):
    assert profile(half) == {
        "nv_profile_min_shapes": "images:1x16x16x3",
        "nv_profile_opt_shapes": "images:32x16x16x3",
        "nv_profile_max_shapes": "images:256x16x16x3",
    }


@pytest.mark.parametrize("count", [1, 4, 11])
def test_batches_beyond_the_largest_run_one_after_the_other(
    bundle: Bundle, tiny_model: Any, monkeypatch: pytest.MonkeyPatch, count: int
):
    monkeypatch.setattr(_rtx_plugin, "LARGEST", 4)
    session = onnxruntime.InferenceSession(str(bundle.graph_path()), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), np.uint8)
    found = RtxSession(session).run(["embeddings", "attention"], {"images": images})
    for one, expected in zip(found, tiny_model.answers(images), strict=True):
        np.testing.assert_allclose(one, expected, rtol=0, atol=2e-6)


@pytest.mark.gpu("onnxruntime-rtx")
@pytest.mark.skipif(not RUNTIMES["onnxruntime-rtx"].installed, reason="needs onnxruntime-ep-nv-tensorrt-rtx")
def test_an_rtx_card_answers_like_numpy(half: Bundle, tiny_model: Any):
    try:
        backend = open_backend(half, "cuda", "fp16", runtime="onnxruntime-rtx")
    except BackendError as error:
        if "it finds here: none" not in str(error):
            raise
        pytest.skip(str(error))
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    np.testing.assert_allclose(backend.run(images)[0], tiny_model.answers(images)[0], rtol=0, atol=CARD_ATOL)
