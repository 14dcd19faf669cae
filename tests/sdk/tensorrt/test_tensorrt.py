"""The parts of the TensorRT backend that need no GPU; test_tensorrt_gpu.py has the rest."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import pytest

from fashionsdk.backends.engines import read_engine
from fashionsdk.backends.engines._engine_choice import choose_engine, mismatch
from fashionsdk.backends.tensorrt import open_engine
from fashionsdk.backends.tensorrt.run._engine_signature import check_batches, check_tensors, tensor_shapes
from fashionsdk.bundle import Bundle, EngineInfo, EngineKind, Manifest, Precision
from fashionsdk.errors import BackendError, BundleError

HAS_PYCUDA = find_spec("pycuda") is not None
without_pycuda = pytest.mark.skipif(HAS_PYCUDA, reason="pycuda is installed")

ENGINE = EngineInfo("engines/a.engine", "tensorrt", "fp16", "10.13.0.35", "8.9", 1, 8, 32)


def bundle_with(manifest: Manifest, *engines: EngineInfo) -> Bundle:
    """Return a bundle that is nowhere on disk."""
    return Bundle(Path("somewhere"), replace(manifest, engines=engines))


@pytest.fixture
def with_engine(write_bundle: Callable[..., Bundle], manifest: Manifest, graph_file: Path, tmp_path: Path) -> Bundle:
    """A bundle on disk whose engine is no engine."""
    path = tmp_path / "a.engine"
    path.write_bytes(b"no engine at all" * 100)
    return write_bundle(
        manifest=replace(manifest, engines=(ENGINE, replace(ENGINE, kind="tensorrt-rtx"))),
        graphs={"model.fp32.onnx": graph_file, ENGINE.file: path},
    )


def test_importing_the_backend_imports_neither_library():
    program = "import sys, fashionsdk.backends.tensorrt as t; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"tensorrt", "tensorrt_rtx", "pycuda"} & set(done.stdout.split())


def test_the_first_engine_that_fits_is_chosen(manifest: Manifest):
    kinds, precisions = get_args(EngineKind), ("fp16", "fp32")
    versions, capabilities = ("10.13.0.35", "11.1.0.5"), ("8.9", "9.0")
    tried = list(itertools.product(versions, capabilities, precisions, kinds))
    engines = [
        replace(ENGINE, file=f"engines/{number}", library_version=version, compute_capability=capability)
        for number, (version, capability, _, _) in enumerate(tried)
    ]
    engines = [
        replace(engine, precision=cast(Precision, precision), kind=kind)
        for engine, (_, _, precision, kind) in zip(engines, tried, strict=True)
    ]
    rng = np.random.default_rng(0)
    for _ in range(50):
        some = [engines[i] for i in rng.permutation(len(engines))[:5]]
        for version, capability, precision, kind in itertools.product(
            versions, capabilities, (None, *precisions), kinds
        ):
            expected = [
                engine
                for engine in some
                if (engine.library_version, engine.compute_capability, engine.kind) == (version, capability, kind)
                if precision is None or engine.precision == precision
            ]
            choose = partial(choose_engine, bundle_with(manifest, *some), kind, precision, version, capability)
            if expected:
                assert choose() is expected[0]
            else:
                with pytest.raises(BackendError, match=f"export/build_engine.py .* --engine {kind}"):
                    choose()


def test_an_engine_of_another_version_says_both_and_how_to_build_it(manifest: Manifest):
    expected = (
        "engines/a.engine was built with TensorRT 10.13.0.35, this is 11.1.0.5: "
        "build it again: python export/build_engine.py somewhere --out somewhere --overwrite --engine tensorrt"
    )
    with pytest.raises(BackendError) as error:
        choose_engine(bundle_with(manifest, ENGINE), "tensorrt", None, "11.1.0.5", "8.9")
    assert str(error.value) == f"somewhere: {expected}"


def test_an_engine_for_another_gpu_says_both(manifest: Manifest):
    engine = replace(ENGINE, kind="tensorrt-rtx", compute_capability="8.6,8.9")
    expected = "was built for compute capability 8.6,8.9, this GPU has 12.0: .* --compute-capability 12.0"
    with pytest.raises(BackendError, match=expected):
        choose_engine(bundle_with(manifest, engine), "tensorrt-rtx", None, engine.library_version, "12.0")


@pytest.mark.parametrize(
    ("capability", "fits"), [("8.6", True), ("8.9", True), ("8", False), ("6", False), ("8.6,8.9", False), ("", False)]
)
def test_an_engine_for_several_gpus_fits_each_of_them_and_no_other(capability: str, fits: bool):
    engine = replace(ENGINE, compute_capability="8.6,8.9")
    assert (mismatch(engine, engine.library_version, capability) is None) == fits


@pytest.mark.parametrize(
    ("engines", "precision", "says"),
    [
        ((), None, "has no tensorrt engine, it has no engine at all"),
        ((replace(ENGINE, kind="tensorrt-rtx"),), None, "has no tensorrt engine, it has tensorrt-rtx fp16"),
        ((ENGINE,), "int8", "has no tensorrt engine of precision int8, it has tensorrt fp16"),
    ],
)
def test_a_bundle_without_such_an_engine_says_what_it_has_instead(
    manifest: Manifest, engines: tuple[EngineInfo, ...], precision: str | None, says: str
):
    bundle = bundle_with(manifest, *engines)
    with pytest.raises(BackendError, match=says):
        open_engine(bundle, "tensorrt", 0, precision, "a test")


@without_pycuda
@pytest.mark.parametrize("kind", ["tensorrt", "tensorrt-rtx"])
def test_without_pycuda_the_error_names_what_to_install(with_engine: Bundle, kind: Any):
    with pytest.raises(BackendError, match=rf'pip install "fashionsdk\[{kind}\]".*nvidia-smi'):
        open_engine(with_engine, kind, 0, None, "a test")


def test_an_engines_bytes_are_verified_even_if_the_bundle_was_not(with_engine: Bundle):
    path = with_engine.path / ENGINE.file
    expected = path.read_bytes()
    assert read_engine(with_engine, ENGINE) == expected
    for wrong in (expected[:-1] + b"!", expected + b"!", expected[:-1], b""):
        path.write_bytes(wrong)
        with pytest.raises(BundleError, match=r"has the SHA-256 .*build the engine again"):
            read_engine(with_engine, ENGINE)
    path.unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        read_engine(with_engine, ENGINE)


def test_an_engine_must_have_the_manifests_tensors_and_no_others(bundle: Bundle):
    good: dict[str, tuple[str, list[int | None]]] = {
        name: ("uint8" if name == "images" else "float32", [None, *shape])
        for name, shape in tensor_shapes(bundle).items()
    }
    check_tensors(bundle, good)
    bad = [
        good | {"images": ("float32", good["images"][1])},
        good | {"embeddings": ("HALF", good["embeddings"][1])},
        good | {"embeddings": ("float32", [None, 3, 9])},
        {name: value for name, value in good.items() if name != "attention"},
        good | {"debug": ("float32", [None, 1])},
        {},
    ]
    for found in bad:
        with pytest.raises(BundleError, match=r"expected .*again"):
            check_tensors(bundle, found)


@pytest.mark.parametrize("found", [[1, 8, 16], [2, 8, 32], [], [1, 8]])
def test_an_engine_for_other_batches_than_the_manifest_says_is_rejected(bundle: Bundle, found: list[int]):
    check_batches(bundle, ENGINE, [1, 8, 32])
    with pytest.raises(BundleError, match=r"expected \[1, 8, 32\]"):
        check_batches(bundle, ENGINE, found)
