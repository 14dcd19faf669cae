"""OpenVINO computes in the requested precision, or opening it is an error."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashionsdk.backends import open_backend
from fashionsdk.backends.openvino._openvino import OpenVinoBackend, pieces
from fashionsdk.bundle import Bundle, GraphInfo, Manifest
from fashionsdk.errors import BackendError, BundleError

openvino = pytest.importorskip("openvino")
CAPABILITIES = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
BF16_ATOL = 0.05  # bfloat16 keeps 8 bits; 0.008 measured on the tiny model


def random_images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def half_bundle(write_bundle: Callable[..., Bundle], manifest: Manifest, graph_file: Path) -> Bundle:
    """A bundle whose only graph is said to be in half precision."""
    half = replace(manifest, graphs=(GraphInfo("half.onnx", "fp16", 17, {}),))
    return write_bundle(manifest=half, graphs={"half.onnx": graph_file})


def run_in_fp32(bundle: Bundle, images: np.ndarray) -> np.ndarray:
    return open_backend(bundle, "cpu", "fp32", runtime="openvino").run(images)[0]


def test_fp32_is_computed_in_fp32_even_where_the_cpu_can_do_less(bundle: Bundle, tiny_model: Any):
    images = random_images(9)
    np.testing.assert_allclose(run_in_fp32(bundle, images), tiny_model.answers(images)[0], rtol=0, atol=2e-6)


@pytest.mark.skipif("BF16" not in CAPABILITIES, reason="this CPU does no bfloat16")
def test_bf16_is_the_fp32_graph_in_bfloat16(bundle: Bundle, tiny_model: Any):
    images = random_images(9)
    backend = open_backend(bundle, precision="bf16")
    found, expected = backend.run(images)[0], tiny_model.answers(images)[0]
    assert backend.info.precision == "bf16"
    np.testing.assert_allclose(found, expected, rtol=0, atol=BF16_ATOL)
    assert np.abs(found - expected).max() > 1e-5  # else it was computed in fp32


def test_bf16_is_an_error_on_a_cpu_without_it(bundle: Bundle, clean_environment: dict[str, str]):
    program = f"""
from fashionsdk import Embedder, BackendError
try:
    Embedder({str(bundle.path)!r}, precision="bf16")
except BackendError as error:
    print(error)
"""
    environment = clean_environment | {"OV_CPU_MAX_ISA": "AVX2"}  # hides later instructions from OpenVINO
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.startswith("bf16 was asked for, but OpenVINO computes FP32, ")


@pytest.mark.skipif("FP16" in CAPABILITIES, reason="this CPU does half precision")
def test_fp16_is_an_error_on_a_cpu_without_it(half_bundle: Bundle):
    with pytest.raises(BackendError, match=r"fp16 was asked for, but OpenVINO computes .*choose precision='fp32'"):
        open_backend(half_bundle, "cpu", "fp16", runtime="openvino")


def test_bf16_needs_the_fp32_graph(half_bundle: Bundle):
    with pytest.raises(BundleError, match="has no fp32 graph; this bundle has fp16"):
        open_backend(half_bundle, precision="bf16")


def test_the_requested_number_of_threads_runs_or_it_is_an_error(bundle: Bundle):
    assert open_backend(bundle, threads=1, runtime="openvino").info.device == "cpu"
    with pytest.raises(BackendError, match=r"1000 threads were asked for, but OpenVINO runs \d+, no more than"):
        open_backend(bundle, threads=1000, runtime="openvino")


@pytest.mark.parametrize("count", [1, 2, 3, 31, 32, 33, 63, 64, 100])
def test_pieces_cover_a_batch_in_few_sizes(count: int):
    cut = list(pieces(count, largest=32))
    assert np.concatenate([np.arange(count)[piece] for piece in cut]).tolist() == list(range(count))
    assert {piece.stop - piece.start for piece in cut} <= {1, 2, 4, 8, 16, 32}


def test_failure_of_the_runtime_says_what_to_do(bundle: Bundle, manifest: Manifest):
    backend = open_backend(bundle, runtime="openvino")
    assert isinstance(backend, OpenVinoBackend)
    backend._manifest = replace(manifest, preprocessing=replace(manifest.preprocessing, side=8))  # as for another model
    with pytest.raises(BackendError, match=r"failed on a batch of 2: .*use a smaller batch_size"):
        backend.run(np.zeros((2, 8, 8, 3), np.uint8))
