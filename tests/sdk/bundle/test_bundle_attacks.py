"""What a reader refuses: every way that we could think of in which a bundle can be wrong."""

import io
import json
import os
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.bundle import Bundle, Manifest, Reference
from fashionsdk.errors import BundleError


def edit_manifest(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    """Change a manifest as a forger would: without its digest, as in bundles of before."""
    value = json.loads((path / "manifest.json").read_text())
    value.pop("own_sha256", None)
    edit(value)
    (path / "manifest.json").write_text(json.dumps(value))


def test_missing_folder_and_other_folder_are_not_bundles(tmp_path: Path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BundleError, match="is not a bundle"):
            Bundle.open(path)


@pytest.mark.parametrize("name", ["model.fp32.onnx", "reference.npz"])
@pytest.mark.parametrize("position", [0, 0.5, 0.999])
def test_flipped_bit_is_found(written: Path, name: str, position: float):
    data = bytearray((written / name).read_bytes())
    data[int(position * len(data))] ^= 1
    (written / name).write_bytes(data)
    with pytest.raises(BundleError, match=rf"{name} has the SHA-256 .* expected .* copy or export"):
        Bundle.open(written)
    assert Bundle.open(written, verify=False)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("name", ["model.fp32.onnx", "reference.npz"])
def test_truncated_and_missing_files_are_found_even_without_verifying(written: Path, name: str, verify: bool):
    (written / name).write_bytes((written / name).read_bytes()[:-1])
    with pytest.raises(BundleError, match=rf"{name} has \d+ bytes; expected \d+"):
        Bundle.open(written, verify=verify)
    (written / name).unlink()
    with pytest.raises(BundleError, match=rf"{name} is missing"):
        Bundle.open(written, verify=verify)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1, "a": 2}', b"{}x"])
def test_damaged_json_is_refused(written: Path, data: bytes):
    (written / "manifest.json").write_bytes(data)
    with pytest.raises(BundleError, match="is not JSON"):
        Bundle.open(written)


@pytest.mark.parametrize("version", [0, 1, 3, None, "2", 2.0, True, [2]])
def test_other_format_version_is_refused_before_anything_else(written: Path, version: object):
    edit_manifest(written, lambda value: value.update(format_version=version, unknown=1))
    with pytest.raises(BundleError, match="this SDK reads 2; export the checkpoint again"):
        Bundle.open(written)


@pytest.mark.parametrize("value", [[], "text", 3, None])
def test_manifest_that_is_no_object_is_refused(written: Path, value: object):
    (written / "manifest.json").write_text(json.dumps(value))
    with pytest.raises(BundleError, match="bundle format is None"):
        Bundle.open(written)


def test_huge_manifest_is_refused_without_parsing(written: Path):
    (written / "manifest.json").write_bytes(b" " * (16 * 1024 * 1024 + 1))
    with pytest.raises(BundleError, match="is over 16777216 bytes"):
        Bundle.open(written)


OBJECTS: list[tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = [
    ("manifest", lambda value: value),
    ("manifest.model", lambda value: value["model"]),
    ("manifest.attributes[0]", lambda value: value["attributes"][0]),
    ("manifest.preprocessing", lambda value: value["preprocessing"]),
    ("manifest.graphs[0]", lambda value: value["graphs"][0]),
    ("manifest.files.reference.npz", lambda value: value["files"]["reference.npz"]),
]


def remove(find: Callable[[dict[str, Any]], dict[str, Any]], key: str, value: dict[str, Any]) -> None:
    del find(value)[key]


@pytest.mark.parametrize(("where", "find"), OBJECTS)
def test_unknown_key_and_each_missing_key_are_named(
    written: Path, where: str, find: Callable[[dict[str, Any]], dict[str, Any]]
):
    whole = (written / "manifest.json").read_text()
    edit_manifest(written, lambda value: find(value).update(surprise=1))
    with pytest.raises(BundleError) as caught:
        Bundle.open(written)
    assert f"{where} has the unknown key 'surprise'" in str(caught.value)
    for key in find(json.loads(whole)).keys() - {"format_version", "own_sha256"}:
        (written / "manifest.json").write_text(whole)
        edit_manifest(written, partial(remove, find, key))
        with pytest.raises(BundleError) as caught:
            Bundle.open(written)
        assert f"{where} lacks the key {key!r}" in str(caught.value)


def named(count: int) -> list[dict[str, Any]]:
    return [{"name": f"attribute {i}", "values": []} for i in range(count)]


def engine(max_batch: int) -> dict[str, Any]:
    kind = {"file": "model.fp32.onnx", "kind": "tensorrt", "precision": "fp32", "library_version": "11"}
    return {**kind, "compute_capability": "9.0", "min_batch": 1, "opt_batch": 1, "max_batch": max_batch}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda value: value["model"].update(embedding_dimension="8"), "embedding_dimension is '8'; expected int"),
        (lambda value: value["model"].update(embedding_dimension=True), "is True; expected int"),
        (lambda value: value["model"].update(embedding_dimension=0), "embedding_dimension is 0; expected 1"),
        (lambda value: value["model"].update(digest="abc"), "digest is 'abc'; expected 64"),
        (lambda value: value["model"].update(digest="A" * 64), "lower-case hexadecimal"),
        (lambda value: value.update(attributes=[]), "expected at least one of each"),
        (lambda value: value.update(graphs=[]), "expected at least one of each"),
        (lambda value: value["attributes"].append(value["attributes"][0]), "'neckline' is listed twice"),
        (lambda value: value["attributes"][0].update(name=" "), "blank name"),
        (lambda value: value["graphs"].append(value["graphs"][0]), "precision 'fp32' is listed twice"),
        (lambda value: value["graphs"][0].update(precision="fp8"), "is 'fp8'; expected one of 'fp32'"),
        (lambda value: value["graphs"][0].update(file="other.onnx"), "files lacks 'other.onnx'"),
        (lambda value: value["files"].pop("reference.npz"), "files lacks 'reference.npz'"),
        (lambda value: value["files"]["reference.npz"].update(size=-1), "size is -1"),
        (lambda value: value.update(attention_shape=[4]), "expected 2 items"),
        (lambda value: value.update(attention_shape=[4, 0]), "expected positive h and w"),
        (lambda value: value["preprocessing"].update(side=0), "side is 0"),
        (lambda value: value["preprocessing"].update(side=2049), "side is 2049; expected 1 pixel or more"),
        (lambda value: value["preprocessing"].update(side=10**400), "side is 1000000"),
        (
            lambda value: value["preprocessing"].update(reducing_gap=129),
            "reducing_gap is 129; expected 1 or more",
        ),
        (lambda value: value["model"].update(embedding_dimension=65_537), "embedding_dimension: 65537; expected 65536"),
        (lambda value: value["model"].update(embedding_dimension=10**400), "embedding_dimension: 1000000"),
        (
            lambda value: value.update(attention_shape=[2048, 2048]),
            "numbers in a photo's attention: 12582912; expected",
        ),
        (lambda value: value.update(attributes=named(1025)), "attributes: 1025; expected 1024 at most"),
        (
            lambda value: (value.update(attributes=named(100)), value["model"].update(embedding_dimension=50_000)),
            "numbers in a photo's embeddings: 5000000; expected 4194304 at most",
        ),
        (
            lambda value: value["attributes"][0].update(values=[str(i) for i in range(100_001)]),
            "values of an attribute: 100001; expected 100000 at most",
        ),
        (lambda value: value["engines"].append(engine(65_537)), "max_batch <= 65536"),
        (lambda value: value["preprocessing"].update(fit="stretch"), "fit is 'stretch'; expected one of 'crop', 'pad'"),
        (lambda value: value["preprocessing"].update(reducing_gap=0), "reducing_gap is 0; expected 1 or more"),
        (lambda value: value["preprocessing"].update(reducing_gap=2.5), "reducing_gap is 2.5; expected int"),
        (lambda value: value.update(history={}), "history is {}; expected an array"),
        (lambda value: value.update(metrics=[]), "expected an object"),
        (lambda value: value["metrics"].update(map="high"), "metrics.map is 'high'; expected float"),
        (lambda value: value["metrics"].update(map=10**400), "expected a finite number"),
    ],
)
def test_value_that_does_not_fit_is_named(written: Path, edit: Callable[[dict[str, Any]], Any], message: str):
    edit_manifest(written, edit)
    with pytest.raises(BundleError) as caught:
        Bundle.open(written)
    assert message in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(written: Path, number: str):
    text = (written / "manifest.json").read_text().replace('"map": 0.5', f'"map": {number}')
    (written / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match="finite number"):
        Bundle.open(written)


OUTSIDE = ["../secret", "/etc/passwd", "a/../../b", "..", ".", "", "a//b", "a/", "C:\\x", "a\\b", ".hidden", "a\0b"]


@pytest.mark.parametrize("name", [*OUTSIDE, "manifest.json", "naïve.onnx"])
def test_file_name_that_is_not_plainly_inside_is_refused(written: Path, name: str):
    edit_manifest(written, lambda value: value["files"].update({name: {"sha256": "0" * 64, "size": 0}}))
    with pytest.raises(BundleError, match="is not allowed; expected a path inside the bundle"):
        Bundle.open(written)


def test_graph_outside_the_bundle_is_refused(written: Path):
    edit_manifest(written, lambda value: value["graphs"][0].update(file="../other/model.onnx"))
    with pytest.raises(BundleError, match="is not allowed"):
        Bundle.open(written)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), patch=st.binary(min_size=1, max_size=6))
def test_mutated_manifest_opens_or_is_a_bundle_error(written: Path, position: float, patch: bytes):
    whole = (written / "manifest.json").read_bytes()
    start = int(position * len(whole))
    try:
        (written / "manifest.json").write_bytes(whole[:start] + patch + whole[start + len(patch) :])
        Bundle.open(written)
    except BundleError:
        pass
    finally:
        (written / "manifest.json").write_bytes(whole)


def test_a_flipped_bit_anywhere_in_the_manifest_is_found(written: Path):
    whole = (written / "manifest.json").read_bytes()
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        with pytest.raises(BundleError):
            Manifest.from_bytes(bytes(flipped))
    for bit in range(8):  # every bit of what would go unnoticed without a digest
        for name in (b"neckline", b"0123456789abcdef", b'"map": 0.5', b"tiny", b"e-07"):
            flipped = bytearray(whole)
            flipped[whole.index(name) + len(name) - 1] ^= 1 << bit
            with pytest.raises(BundleError):
                Manifest.from_bytes(bytes(flipped))


def test_a_changed_manifest_says_so_in_one_line(written: Path):
    text = (written / "manifest.json").read_text()
    (written / "manifest.json").write_text(text.replace('"neckline"', '"neckwear"'))
    with pytest.raises(BundleError, match="it is damaged or was changed; copy or export the bundle again") as error:
        Bundle.open(written)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("digest", ["", "0" * 63, "A" * 64, 7, [], {}])
def test_a_digest_that_is_none_is_refused(written: Path, digest: object):
    edit_manifest(written, lambda value: value.update(own_sha256=digest))
    with pytest.raises(BundleError, match=r"own_sha256 is .*; expected 64 lower-case hexadecimal digits"):
        Bundle.open(written)


def test_a_bundle_of_before_without_a_digest_opens(written: Path):
    before = Bundle.open(written).manifest
    edit_manifest(written, lambda value: None)
    assert "own_sha256" not in (written / "manifest.json").read_text()
    assert Bundle.open(written).manifest == before


def test_a_repeated_key_is_found_in_linear_time(written: Path):
    text = (written / "manifest.json").read_text()
    keys = ",".join(f'"{i}":0' for i in range(100_000))
    (written / "manifest.json").write_text(text.replace('"extra": {', f'"extra": {{{keys},"99999":1,'))
    begin = time.process_time()
    with pytest.raises(BundleError, match="has the key '99999' twice"):
        Bundle.open(written)
    assert time.process_time() - begin < 2  # 0.1 s; 20 minutes when each key was compared with each


def forge_reference(path: Path, data: bytes) -> Bundle:
    (path / "reference.npz").write_bytes(data)
    info = {"sha256": sha256(data).hexdigest(), "size": len(data)}
    edit_manifest(path, lambda value: value["files"].update({"reference.npz": info}))
    return Bundle.open(path)


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_reference_never_unpickles(written: Path, reference: Reference):
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(written / "exploded"),)

    bomb = np.array([Bomb()], dtype=object)
    bundle = forge_reference(written, npz(images=bomb, embeddings=reference.embeddings))
    with pytest.raises(BundleError, match=r"reference\.npz cannot be read"):
        bundle.reference()
    assert not (written / "exploded").exists()


def test_reference_that_does_not_fit_is_refused(written: Path, reference: Reference):
    arrays = {name: getattr(reference, name) for name in ("images", "embeddings", "attention")}
    wrong = np.full_like(reference.embeddings, np.nan)
    for changed, message in [
        ({**arrays, "images": reference.images[:, :-1]}, "expected uint8"),
        ({**arrays, "embeddings": reference.embeddings.astype(np.float64)}, "expected float32"),
        ({**arrays, "embeddings": wrong}, "not finite"),
        ({**arrays, "more": wrong}, "it holds attention, embeddings, images, more"),
        ({"images": reference.images, "embeddings": reference.embeddings}, "expected attention"),
        ({name: array[:0] for name, array in arrays.items()}, "no images"),
    ]:
        with pytest.raises(BundleError, match=message):
            forge_reference(written, npz(**changed)).reference()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), patch=st.binary(min_size=1, max_size=4), keep=st.floats(0, 1))
def test_mutated_reference_loads_or_is_a_bundle_error(
    bundle: Bundle, written: Path, position: float, patch: bytes, keep: float
):
    data = (bundle.path / "reference.npz").read_bytes()
    start = int(position * len(data))
    mutated = data[:start] + patch + data[start + len(patch) :]
    try:
        forge_reference(written, mutated[: int(keep * len(mutated))]).reference()
    except BundleError:
        return


def test_compressed_reference_is_read_too(written: Path, bundle: Bundle):
    buffer = io.BytesIO()
    with zipfile.ZipFile(bundle.path / "reference.npz") as old, zipfile.ZipFile(buffer, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert len(forge_reference(written, buffer.getvalue()).reference().images) == 6


def zeros(shape: tuple[int, ...], dtype: str = "|u1") -> bytes:
    """Return a whole .npy file of zeros."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize)


def zipped(entries: dict[str, bytes], *, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        archive.comment = comment
    return buffer.getvalue()


def test_a_megabyte_of_zipped_zeros_is_refused_before_it_is_unpacked(written: Path, reference: Reference):
    images = zeros((40_000, 16, 16, 3))  # 31 MB in 30 KB
    bundle = forge_reference(written, zipped({"images.npy": images, "embeddings.npy": b"", "attention.npy": b""}))
    tracemalloc.start()
    with pytest.raises(BundleError, match="images has 40000 rows; expected 1 to 1024"):
        bundle.reference()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images.npy": zeros((2, 16, 16, 3))[:-1]}, "images is shorter or longer than its shape"),
        ({"images.npy": zeros((2, 16, 16, 3)) + b"x"}, "images is shorter or longer than its shape"),
        ({"images.npy": zeros((2, 16, 16, 3), ">f4")}, "images is >f4 .*expected uint8"),
        ({"images.npy": zeros((2, 16, 16, 4))}, "expected uint8"),
        ({"images.npy": zeros((3, 16, 16, 3))}, "it has rows of"),
        ({"images.npy": b"\x93NUMPY\x07\x00" + zeros((2, 16, 16, 3))[8:]}, "only support format version|npy version"),
        ({"images.npy": b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 0xFFFF}, "cannot be read"),
        ({"more.npy": b""}, "it holds attention, embeddings, images, more; expected"),
    ],
)
def test_an_array_is_checked_by_its_header_first(written: Path, change: dict[str, bytes], message: str):
    entries = {
        "images.npy": zeros((2, 16, 16, 3)),
        "embeddings.npy": zeros((2, 3, 8), "<f4"),
        "attention.npy": zeros((2, 3, 4, 4), "<f4"),
    }
    assert len(forge_reference(written, zipped(entries)).reference().images) == 2
    with pytest.raises(BundleError, match=message):
        forge_reference(written, zipped(entries | change)).reference()


def test_a_directory_of_very_many_files_is_refused_unread(written: Path):
    crowd = zipped({f"{i}.npy": b"" for i in range(1000)})
    with pytest.raises(BundleError, match="it lists 1000 files in"):
        forge_reference(written, crowd).reference()
    with pytest.raises(BundleError, match="no zip file"):
        forge_reference(written, zipped({}, comment=b"x" * 100)).reference()
