from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.bundle import Bundle, EngineInfo, FileInfo, GraphInfo, Manifest, Reference
from fashionsdk.errors import BundleError
from tests.sdk.bundle.bundles import WriteBundle, contents


def test_bundle_opens_as_it_was_written(written: Path, manifest: Manifest, reference: Reference):
    bundle = Bundle.open(written)
    assert replace(bundle.manifest, files={}) == manifest
    read = bundle.reference()
    assert np.array_equal(read.images, reference.images)
    assert np.array_equal(read.embeddings, reference.embeddings)
    assert read.attention is not None
    assert reference.attention is not None
    assert np.array_equal(read.attention, reference.attention)


def test_manifest_lists_every_other_file_with_its_digest_and_size(written: Path):
    found = contents(written)
    del found["manifest.json"]
    expected = {name: FileInfo(sha256(data).hexdigest(), len(data)) for name, data in found.items()}
    assert Bundle.open(written).manifest.files == expected


def test_writing_twice_gives_the_same_bytes(write_bundle: WriteBundle, tmp_path: Path):
    first, second = write_bundle(out=tmp_path / "a").path, write_bundle(out=tmp_path / "b").path
    assert contents(first) == contents(second)


def test_moved_bundle_still_opens(written: Path, tmp_path: Path):
    written.rename(tmp_path / "elsewhere")
    assert Bundle.open(str(tmp_path / "elsewhere")).graph_path().read_bytes()


def test_an_empty_path_is_not_the_working_folder(written: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(written)
    assert Bundle.open(".").manifest.graphs
    with pytest.raises(BundleError, match="the bundle's path is empty; expected the folder"):
        Bundle.open("")


def test_first_graph_is_the_default_and_others_come_by_precision(
    write_bundle: WriteBundle, manifest: Manifest, graph_file: Path
):
    graphs = (GraphInfo("half.onnx", "fp16", 17, {}), *manifest.graphs)
    bundle = write_bundle(
        manifest=replace(manifest, graphs=graphs),
        graphs={"half.onnx": graph_file, "model.fp32.onnx": graph_file},
    )
    assert bundle.graph_path() == bundle.path / "half.onnx"
    assert bundle.graph_path("fp32") == bundle.path / "model.fp32.onnx"
    with pytest.raises(BundleError, match="no int8 graph; this bundle has fp16 and fp32"):
        bundle.graph_path("int8")


def test_engines_and_files_in_folders_are_carried(write_bundle: WriteBundle, manifest: Manifest, graph_file: Path):
    engine = EngineInfo("engines/sm90.plan", "tensorrt", "fp16", "11.0", "9.0", 1, 8, 32)
    path = write_bundle(
        manifest=replace(manifest, engines=(engine,)),
        graphs={"model.fp32.onnx": graph_file, engine.file: graph_file, "model.fp32.onnx.data": graph_file},
    ).path
    assert Bundle.open(path).manifest.engines == (engine,)
    assert (path / "engines" / "sm90.plan").read_bytes() == graph_file.read_bytes()
    assert write_bundle(overwrite=True).manifest.engines == ()
    assert not (path / "engines").exists()


def test_model_without_attention_needs_none(write_bundle: WriteBundle, manifest: Manifest, reference: Reference):
    path = write_bundle(
        manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None)
    ).path
    assert Bundle.open(path).reference().attention is None


GOLDEN = b"""{
  "format_version": 2,
  "own_sha256": "@",
  "model": {
    "architecture": "asen_v2",
    "backbone": "resnet50",
    "embedding_dimension": 1024,
    "digest": "0000000000000000000000000000000000000000000000000000000000000000"
  },
  "attributes": [
    {
      "name": "neckline",
      "values": [
        "round",
        "v"
      ]
    }
  ],
  "preprocessing": {
    "side": 224,
    "reducing_gap": 3
  },
  "attention_shape": null,
  "graphs": [
    {
      "file": "model.fp32.onnx",
      "precision": "fp32",
      "opset": 18,
      "parity": {
        "min_cosine": 0.9999
      }
    }
  ],
  "engines": [],
  "history": [
    {
      "epoch": 1.0
    }
  ],
  "metrics": {},
  "created_by": {
    "torch": "2.6.0"
  },
  "extra": {},
  "files": {
    "model.fp32.onnx": {
      "sha256": "1111111111111111111111111111111111111111111111111111111111111111",
      "size": 3
    },
    "reference.npz": {
      "sha256": "2222222222222222222222222222222222222222222222222222222222222222",
      "size": 4
    }
  }
}
"""


def test_format_2_stays_as_it_is_byte_for_byte():
    digest = sha256(GOLDEN.replace(b"@", b"0" * 64)).hexdigest()
    golden = GOLDEN.replace(b"@", digest.encode())
    assert Manifest.from_bytes(golden).to_bytes() == golden
    before = GOLDEN.replace(b'  "own_sha256": "@",\n', b"")
    assert Manifest.from_bytes(before).to_bytes() == golden
