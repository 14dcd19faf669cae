"""The file that runs in Triton's Python backend: answers, a request's error among others, errors when it is loaded."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from fashionsdk import Embedder, Preprocessing
from fashionsdk_export.triton import TritonConfig, write_repository
from tests.export.triton.backend_stand_in import Served, Tensor, TritonError, photo_batch, served, stand_in
from tests.export.triton.conftest import ODD_NAME

ATOL = 1e-6  # how photos are cut into batches decides a sum's last bits; 6e-8 measured


@pytest.fixture
def repository(compact, tmp_path):
    settings = TritonConfig(("python", "python-pixels", "onnx"), name="m", runtime="onnxruntime", threads=1)
    return write_repository(compact, tmp_path / "models", settings).path


@pytest.fixture
def embedder(compact):
    with Embedder(compact, device="cpu", runtime="onnxruntime") as embedder:
        yield embedder


def assert_same(answer, embeddings):
    assert {name: array.dtype for name, array in answer.items()} == dict.fromkeys(embeddings.attributes, np.float32)
    for name, array in answer.items():
        assert array.flags.c_contiguous  # the server copies the memory as it lies
        np.testing.assert_allclose(array, embeddings[name], rtol=0, atol=ATOL)


def test_requests_of_several_photos_share_a_batch_and_get_their_own_answers(repository, embedder, photos):
    files = [path.read_bytes() for path in photos]
    with served(repository / "m") as model:
        answers = model.ask(photo_batch(*files[:1]), photo_batch(*files[1:5]), photo_batch(*files[5:7]))
    for answer, mine in zip(answers, (photos[:1], photos[1:5], photos[5:7]), strict=True):
        assert_same(answer.outputs, embedder.embed(mine))


def test_pixels_get_the_answers_of_their_photos(repository, embedder, photos):
    pixels = np.stack([embedder.preprocessing.read(path) for path in photos])
    with served(repository / "m_pixels") as model:
        answers = model.ask(pixels[:3], pixels[3:4], pixels[4:9])
    for answer, mine in zip(answers, (photos[:3], photos[3:4], photos[4:9]), strict=True):
        assert_same(answer.outputs, embedder.embed(mine))


@pytest.mark.parametrize(
    "preprocessing", [Preprocessing(16), Preprocessing(16, None), Preprocessing(16, fit="pad", padding=(9, 8, 7))]
)
def test_the_reader_gives_the_pixels_that_the_sdk_reads(preprocessing, write_bundle, manifest, photos, tmp_path):
    bundle = write_bundle(manifest=replace(manifest, preprocessing=preprocessing))
    write_repository(bundle, tmp_path / "models", TritonConfig(("onnx",), name="m"))
    files = [path.read_bytes() for path in photos]
    with served(tmp_path / "models/m_read") as model:
        answers = model.ask(photo_batch(*files[:2]), photo_batch(*files[2:]))
    read = np.concatenate([answer.outputs["images"] for answer in answers])
    np.testing.assert_array_equal(read, [preprocessing.read(path) for path in photos])


@pytest.mark.parametrize("name", ["m", "m_read"])
@pytest.mark.parametrize("bad", [b"", b"not a photo", "cut short"])
def test_a_request_with_a_bad_photo_gets_an_error_and_the_others_their_answers(
    name, bad, repository, photos, jpeg_bytes
):
    bad = jpeg_bytes[:300] if bad == "cut short" else bad
    good = photos[0].read_bytes()
    with served(repository / name) as model:
        first, second, third = model.ask(photo_batch(good), photo_batch(good, bad), photo_batch(good))
        (alone,) = model.ask(photo_batch(good))
    assert second.error is not None
    assert second.error.code == TritonError.INVALID_ARG
    assert second.error.message.startswith("photo 1 of this request: ")
    for output, array in alone.outputs.items():
        np.testing.assert_allclose(first.outputs[output], array, rtol=0, atol=ATOL)
        np.testing.assert_allclose(third.outputs[output], array, rtol=0, atol=ATOL)


def test_only_the_outputs_that_were_asked_for_are_sent(repository, photos):
    with served(repository / "m") as model:
        (answer,) = model.ask(photo_batch(photos[0].read_bytes()), outputs=[ODD_NAME])
    assert {name: array.shape for name, array in answer.outputs.items()} == {ODD_NAME: (1, 5)}


def test_a_closed_model_answers_no_more(repository, photos):
    with served(repository / "m") as model:
        pass
    with pytest.raises(ValueError, match="closed"):
        model.ask(photo_batch(photos[0].read_bytes()))


def test_a_damaged_bundle_is_not_served(repository, monkeypatch):
    graph = next((repository / "m/1/bundle").glob("*.onnx"))
    graph.write_bytes(graph.read_bytes()[:-1])
    with pytest.raises(Exception, match="the file is damaged or was changed"):
        Served(repository / "m", monkeypatch)


def test_a_server_that_misreads_arrays_serves_nothing(repository, monkeypatch):
    """As Triton 2.51 does with NumPy 2, measured by `test_triton_server.py`: it repeats the first number."""

    class Misread(Tensor):
        @staticmethod
        def from_dlpack(name, other):
            return Tensor(name, np.broadcast_to(other.array[:1], other.array.shape))

    with pytest.raises(RuntimeError, match=r'NumPy .* is too new for it; run pip install "numpy<2"'):
        Served(repository / "m", monkeypatch, stand_in(Misread))


def test_packages_are_found_where_pythonpath_says(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    Served(repository / "m", monkeypatch).model.finalize()
    assert sys.path[:2] == [str(tmp_path / "one"), str(tmp_path / "two")]
