import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashionsdk.bundle import Bundle, Manifest, Reference
from fashionsdk.embedding._embedder import Embedder
from fashionsdk.errors import BackendError, BundleError, ImageError
from fashionsdk.photos import Cutout, Preprocessing, open_image

ATOL = 2e-6  # float32 sums against numpy's float64; 2e-7 measured
NAMES = ("neckline", "sleeve", "colour")


@pytest.fixture(scope="module")
def embedder(bundle: Bundle) -> Embedder:
    return Embedder(bundle, device="cpu", batch_size=4)


def ready_images(count: int, side: int = 16) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_embedder_says_what_it_is(embedder: Embedder, manifest: Manifest, bundle: Bundle):
    assert embedder.attributes == manifest.attributes
    assert embedder.model == manifest.model.digest
    assert embedder.dimension == 8
    assert embedder.preprocessing == manifest.preprocessing
    assert embedder.bundle is bundle
    assert embedder.backend.device == "cpu"
    assert "on cpu, fp32" in repr(embedder)


def test_photos_are_read_preprocessed_and_run(embedder: Embedder, tiny_model: Any, photos: list[Path]):
    pixels = np.stack([embedder.preprocessing(open_image(path)) for path in photos])
    expected_vectors, expected_attention = tiny_model.answers(pixels)
    embeddings = embedder.embed(photos, attention=True)
    np.testing.assert_allclose(embeddings.vectors, expected_vectors, rtol=0, atol=ATOL)
    assert embeddings.attention is not None
    np.testing.assert_allclose(embeddings.attention, expected_attention, rtol=0, atol=ATOL)
    np.testing.assert_allclose(np.linalg.norm(embeddings.vectors, axis=-1), 1, rtol=0, atol=ATOL)
    assert embeddings.attributes == NAMES
    assert embeddings.model == embedder.model


def test_every_kind_of_source_gives_the_same_embedding(embedder: Embedder, photos: list[Path]):
    image = Image.open(photos[0])
    sources: list[Any] = [photos[0], str(photos[0]), photos[0].read_bytes(), image, np.asarray(image)]
    together = embedder.embed(sources)
    assert len(together) == 5
    for source, row in zip(sources, together.vectors, strict=True):
        assert np.array_equal(row, together.vectors[0])
        alone = embedder.embed(source).vectors
        assert alone.shape == (1, 3, 8)
        np.testing.assert_allclose(alone[0], row, rtol=0, atol=ATOL)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 11])
@pytest.mark.parametrize("side", [16, 20])
def test_array_batches_equal_their_images_one_by_one(embedder: Embedder, count: int, side: int):
    images = ready_images(count, side)
    for batch in (images, list(images), [Image.fromarray(image) for image in images], images[:, ::-1][:, ::-1]):
        vectors = embedder.embed(batch).vectors
        for i in range(count):
            np.testing.assert_allclose(vectors[i], embedder.embed(images[i]).vectors[0], rtol=0, atol=ATOL)


@pytest.mark.parametrize("wanted", ["sleeve", ["sleeve"], ("colour", "neckline"), NAMES, NAMES[::-1]])
def test_attributes_are_chosen_in_the_order_asked(embedder: Embedder, wanted: Any):
    images = ready_images(5)
    whole = embedder.embed(images, attention=True)
    chosen = embedder.embed(images, wanted, attention=True)
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    assert chosen.attributes == names
    for i, name in enumerate(names):
        assert np.array_equal(chosen.vectors[:, i], whole[name])
        assert np.array_equal(chosen.attention[:, i], whole.attention[:, NAMES.index(name)])  # type: ignore[index]


def test_attention_is_absent_unless_asked_for(embedder: Embedder):
    assert embedder.embed(ready_images(1)).attention is None


@pytest.mark.parametrize("nothing", [[], (), np.zeros((0, 16, 16, 3), np.uint8), np.zeros((0, 9, 9, 3), np.uint8)])
def test_no_images_give_no_embeddings(embedder: Embedder, nothing: Any):
    embeddings = embedder.embed(nothing, ["sleeve", "colour"], attention=True)
    assert embeddings.vectors.shape == (0, 2, 8)
    assert embeddings.attention is not None
    assert embeddings.attention.shape == (0, 2, 4, 4)
    assert embeddings.attributes == ("sleeve", "colour")


def test_result_does_not_share_memory_with_the_input(embedder: Embedder):
    images = ready_images(2)
    before = embedder.embed(images).vectors.copy()
    images[:] = 0
    after = embedder.embed(ready_images(2)).vectors
    assert np.array_equal(before, after)


def test_bad_image_is_named_by_position_and_source(embedder: Embedder, photos: list[Path], tmp_path: Path):
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    with pytest.raises(ImageError, match=r"image 5, .*bad\.jpg: is not an image") as caught:
        embedder.embed([*photos[:5], tmp_path / "bad.jpg"])
    assert caught.value.reason.startswith("is not an image")
    with pytest.raises(ImageError, match=r"^[^,]*bad\.jpg: is not an image"):
        embedder.embed(tmp_path / "bad.jpg")
    with pytest.raises(ImageError, match="image 0, 5 bytes"):
        embedder.embed([b"hello", photos[0]])


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (None, TypeError, "expected an image or a sequence"),
        (iter([]), TypeError, "for a stream use embed_many"),
        (bytearray(b"x"), TypeError, "images is bytearray; expected an image"),
        ([ready_images(1)[0], None], TypeError, "image 1: got NoneType"),
        (ready_images(2).astype(np.float32), TypeError, "array is float32; expected uint8"),
        (np.zeros((2, 16, 16, 2), np.uint8), ValueError, r"image 0: array has shape \(16, 16, 2\)"),
        (np.zeros((1, 2, 16, 16, 3), np.uint8), ValueError, "array has shape"),
        ([ready_images(2)], ValueError, "array has shape"),
    ],
)
def test_what_holds_no_image_is_the_callers_mistake(
    embedder: Embedder, images: Any, error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        embedder.embed(images)


@pytest.mark.parametrize("wanted", ["lapel", ["sleeve", "lapel"]])
def test_unknown_attribute_is_refused_before_any_image_is_read(embedder: Embedder, wanted: Any):
    with pytest.raises(ValueError, match="unknown attribute 'lapel'; expected neckline, sleeve, colour"):
        embedder.embed("missing.jpg", wanted)


def test_attention_of_a_model_without_it_is_refused(
    write_bundle: Callable[..., Bundle], manifest: Manifest, reference: Reference
):
    without = replace(manifest, attention_shape=None)
    embedder = Embedder(write_bundle(manifest=without, reference=replace(reference, attention=None)), device="cpu")
    assert embedder.embed(ready_images(2)).attention is None
    nothing: list[Path] = []
    for images in (ready_images(2), nothing):
        with pytest.raises(ValueError, match="no attention maps"):
            embedder.embed(images, attention=True)


def test_bundle_may_be_a_path_and_must_be_one(bundle: Bundle, tmp_path: Path):
    assert Embedder(str(bundle.path), device="cpu").model == bundle.manifest.model.digest
    with pytest.raises(BundleError, match="is not a bundle"):
        Embedder(tmp_path)


def test_arguments_out_of_range_are_refused(bundle: Bundle):
    with pytest.raises(ValueError, match="batch_size is 0"):
        Embedder(bundle, batch_size=0)
    with pytest.raises(ValueError, match="device is 'tpu'"):
        Embedder(bundle, device="tpu")
    with pytest.raises(ValueError, match="runtime is 'torch'"):
        Embedder(bundle, runtime="torch")
    with pytest.raises(BundleError, match="no int8 graph"):
        Embedder(bundle, precision="int8")


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("batch_size", 2.5, "batch_size is 2.5; expected a whole number, 1 or more"),
        ("batch_size", True, "batch_size is True; expected a whole number"),
        ("threads", "2", "threads is '2'; expected a whole number, 1 to 1024, or None for as many as there are CPUs"),
        ("device", 0, "device is 0; expected 'auto', 'cpu', 'cuda' or 'cuda:N'"),
    ],
)
def test_arguments_of_another_type_are_named(bundle: Bundle, argument: str, value: Any, message: str):
    with pytest.raises(TypeError, match=message):
        Embedder(bundle, **{argument: value})


def test_a_million_threads_are_not_started(bundle: Bundle):
    with pytest.raises(ValueError, match="threads is 1000000; expected 1 to 1024"):
        Embedder(bundle, threads=1_000_000)


@pytest.mark.parametrize("value", [None, 5, b"path"])
def test_a_bundle_of_another_type_is_named(value: Any):
    with pytest.raises(TypeError, match=f"bundle is {type(value).__name__}; expected a Bundle or its path"):
        Embedder(value)


def test_numpy_s_integers_are_whole_numbers(bundle: Bundle):
    embedder = Embedder(bundle, device="cpu", batch_size=np.int64(2), threads=np.int32(1))  # type: ignore[arg-type]
    assert len(embedder.embed(ready_images(5))) == 5
    items = embedder.embed_many(ready_images(5), batch_size=np.int16(2), workers=np.uint8(1))  # type: ignore[arg-type]
    assert len(list(items)) == 5


def test_attributes_of_another_type_are_named(embedder: Embedder):
    with pytest.raises(TypeError, match="attributes is 5; expected a name, several, or None for all"):
        embedder.embed(ready_images(1), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_every_runtime_gives_the_same_embeddings(bundle: Bundle, tiny_model: Any, photos: list[Path], runtime: str):
    embedder = Embedder(bundle, runtime=runtime, batch_size=5)
    assert embedder.backend.runtime.startswith(f"{runtime} ")
    assert f"runtime='{runtime}' was asked for" in embedder.backend.reason
    pixels = np.stack([embedder.preprocessing(open_image(path)) for path in photos])
    embeddings = embedder.embed(photos, attention=True)
    for found, expected in zip((embeddings.vectors, embeddings.attention), tiny_model.answers(pixels), strict=True):
        assert found is not None
        np.testing.assert_allclose(found, expected, rtol=0, atol=ATOL)


def test_graph_that_vanished_is_a_backend_error(write_bundle: Callable[..., Bundle]):
    bundle = write_bundle()
    bundle.graph_path().unlink()
    with pytest.raises(BackendError, match="does not load on cpu"):
        Embedder(bundle, device="cpu")


def test_threads_may_share_an_embedder(embedder: Embedder, photos: list[Path]):
    expected = [embedder.embed(photos[: 1 + i]).vectors for i in range(12)]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            found = list(pool.map(lambda i: embedder.embed(photos[: 1 + i]).vectors, range(12)))
            assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def test_ready_arrays_cost_little_more_than_the_bare_backend(embedder: Embedder):
    images = ready_images(4)

    def fastest(call: Callable[[], object]) -> float:
        times = []
        for _ in range(200):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)

    overhead = fastest(lambda: embedder.embed(images)) - fastest(lambda: embedder._backend.run(images))
    assert overhead < 0.0005  # seconds; 0.00002 measured, where one real image takes 0.01 and more


@pytest.fixture
def reading_threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the threads that photos were read in."""
    names: set[str] = set()
    read = Preprocessing.read

    def noted(preprocessing: Preprocessing, source: Any) -> np.ndarray:
        names.add(threading.current_thread().name)
        return read(preprocessing, source)

    monkeypatch.setattr(Preprocessing, "read", noted)
    return names


def test_several_photos_are_read_in_threads_and_a_single_one_is_not(
    embedder: Embedder, photos: list[Path], reading_threads: set[str]
):
    for single in (photos[0], photos[:1], ready_images(9, 20)[0]):
        embedder.embed(single)
    assert reading_threads == {threading.current_thread().name}
    reading_threads.clear()
    for several in (photos, ready_images(3, 20)):
        embedder.embed(several)
    assert all(name.startswith("fashionsdk") for name in reading_threads)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fashionsdk")]


def test_images_of_the_models_side_start_no_thread(embedder: Embedder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fashionsdk.embedding._reading.ThreadPoolExecutor", None)
    images = ready_images(9)
    assert np.array_equal(embedder.embed(images).vectors, embedder.embed(list(images)).vectors)
    with pytest.raises(TypeError, match="image 1: got NoneType"):
        embedder.embed([images[0], None])  # type: ignore[list-item]


def test_an_array_of_the_models_side_is_not_copied(embedder: Embedder, monkeypatch: pytest.MonkeyPatch):
    images, given = ready_images(9), []
    run = embedder._backend.run

    def recorded(pixels: np.ndarray, *, attention: bool = False) -> Any:
        given.append(pixels)
        return run(pixels, attention=attention)

    monkeypatch.setattr(embedder._backend, "run", recorded)
    embedder.embed(images)
    assert [len(pixels) for pixels in given] == [4, 4, 1]
    assert all(np.shares_memory(pixels, images) for pixels in given)


def test_one_pillow_image_may_be_given_many_times(embedder: Embedder, tmp_path: Path):
    """Pillow decodes an image when it is first read, so threads that read one at once must take turns."""
    pixels = np.random.default_rng(0).integers(0, 256, (600, 500, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.png")
    expected = embedder.embed(tmp_path / "large.png").vectors[0]
    for _ in range(5):
        with Image.open(tmp_path / "large.png") as image:
            vectors = embedder.embed([image] * 8).vectors
        np.testing.assert_allclose(vectors, np.stack([expected] * 8), rtol=0, atol=ATOL)


def test_the_first_bad_image_in_order_is_the_one_named(embedder: Embedder, photos: list[Path]):
    sources: list[Any] = list(photos)
    sources[6], sources[7], sources[9] = b"bad", None, b"worse"
    for _ in range(5):
        with pytest.raises(ImageError, match="image 6, 3 bytes"):
            embedder.embed(sources)


def test_a_model_that_fails_leaves_no_thread(embedder: Embedder, photos: list[Path], monkeypatch: pytest.MonkeyPatch):
    def fail(pixels: np.ndarray, *, attention: bool) -> None:
        raise BackendError("out of memory")

    monkeypatch.setattr(embedder._backend, "run", fail)
    with pytest.raises(BackendError, match="out of memory") as caught:
        embedder.embed(photos)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fashionsdk")], caught


CLOSED = r"^this Embedder is closed; open the bundle again with Embedder\(\.\.\.\)$"


def test_a_closed_embedder_says_so(bundle: Bundle, photos: list[Path]):
    with Embedder(bundle, device="cpu") as embedder:
        assert len(embedder.embed(photos[0])) == 1
        assert not embedder.closed
    embedder.close()  # once more does nothing
    assert embedder.closed
    assert embedder._backend.closed
    for call in (lambda: embedder.embed(photos[0]), lambda: embedder.embed([]), lambda: embedder.embed_many([])):
        with pytest.raises(ValueError, match=CLOSED):
            call()
    with pytest.raises(ValueError, match=CLOSED), embedder:
        pass
    assert embedder.model == bundle.manifest.model.digest


def test_an_open_stream_of_a_closed_embedder_says_so(bundle: Bundle, photos: list[Path]):
    for taken in (0, 1, 4, 5):
        embedder = Embedder(bundle, device="cpu", batch_size=4)
        stream = embedder.embed_many(photos)
        assert [next(stream).index for _ in range(taken)] == list(range(taken))
        embedder.close()
        with pytest.raises(ValueError, match=CLOSED):
            next(stream)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("fashionsdk")]


def test_closing_waits_for_threads_that_embed(bundle: Bundle, photos: list[Path]):
    embedder, errors = Embedder(bundle, device="cpu"), []

    def embed() -> None:
        try:
            while True:
                embedder.embed(photos[:3])
        except ValueError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=embed) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    embedder.close()
    for thread in threads:
        thread.join()
    assert errors == ["this Embedder is closed; open the bundle again with Embedder(...)"] * 4


def test_a_box_embeds_one_garment_of_a_photo(bundle: Bundle):
    photo = np.random.default_rng(0).integers(0, 256, (60, 50, 3), dtype=np.uint8)
    with Embedder(bundle) as embedder:
        expected = embedder.embed(photo[10:50, 5:45].copy()).vectors
        np.testing.assert_array_equal(embedder.embed(photo, box=(5, 10, 45, 50)).vectors, expected)
        many = list(embedder.embed_many([photo, Cutout(photo, (5, 10, 45, 50))]))
        assert many[1].embeddings is not None
        np.testing.assert_allclose(many[1].embeddings.vectors, expected, rtol=0, atol=1e-5)
        with pytest.raises(ValueError, match="box for 2 images; expected one image, or a Cutout"):
            embedder.embed([photo, photo], box=(5, 10, 45, 50))
        with pytest.raises(ImageError, match="has 50 x 60 pixels; expected the box 5 10 45 61"):
            embedder.embed(photo, box=(5, 10, 45, 61))
        with pytest.raises(ValueError, match="four numbers"):
            embedder.embed(photo, box=(5, 10, 45))  # type: ignore[arg-type]
