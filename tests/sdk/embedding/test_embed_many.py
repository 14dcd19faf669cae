import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashionsdk.bundle import Bundle
from fashionsdk.embedding import EmbeddedItem, Embedder
from fashionsdk.errors import ImageError

ATOL = 2e-6  # a batch of another size may add in another order; 1e-7 measured


@pytest.fixture(scope="module")
def embedder(bundle: Bundle) -> Embedder:
    return Embedder(bundle, device="cpu", batch_size=4)


@pytest.fixture
def mixed(photos: list[Path], tmp_path: Path) -> list[Path]:
    """Twelve photos, of which those at 3, 4 and 9 cannot be read."""
    photos[3].write_bytes(photos[3].read_bytes()[:100])
    photos[4].write_bytes(b"")
    photos[9] = tmp_path / "missing.jpg"
    return photos


def our_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("fashionsdk")]


@pytest.mark.parametrize("batch_size", [None, 1, 3, 12, 50])
@pytest.mark.parametrize("workers", [1, 3])
def test_stream_equals_embed_in_order(embedder: Embedder, photos: list[Path], batch_size: int | None, workers: int):
    expected = embedder.embed(photos, ["colour", "neckline"], attention=True)
    items = list(
        embedder.embed_many(
            iter(photos), ["colour", "neckline"], attention=True, batch_size=batch_size, workers=workers
        )
    )
    assert [item.index for item in items] == list(range(12))
    assert [item.source for item in items] == photos
    for i, item in enumerate(items):
        assert item.error is None
        assert item.embeddings is not None
        assert item.embeddings.attributes == ("colour", "neckline")
        assert item.embeddings.model == embedder.model
        np.testing.assert_allclose(item.embeddings.vectors, expected.vectors[i : i + 1], rtol=0, atol=ATOL)
        assert item.embeddings.attention is not None
        assert expected.attention is not None
        np.testing.assert_allclose(item.embeddings.attention, expected.attention[i : i + 1], rtol=0, atol=ATOL)


def test_skipped_photos_come_as_items_with_their_reason(embedder: Embedder, mixed: list[Path]):
    items = list(embedder.embed_many(mixed, on_error="skip"))
    assert [item.index for item in items if item.error is not None] == [3, 4, 9]
    assert [item.embeddings is None for item in items] == [i in (3, 4, 9) for i in range(12)]
    assert str(items[4].error) == f"image 4, {mixed[4]}: is empty"
    assert items[9].error is not None
    assert items[9].error.reason == "no such file or directory"
    good = [i for i in range(12) if i not in (3, 4, 9)]
    expected = embedder.embed([mixed[i] for i in good]).vectors
    for row, i in zip(expected, good, strict=True):
        np.testing.assert_allclose(items[i].embeddings.vectors[0], row, rtol=0, atol=ATOL)  # type: ignore[union-attr]


def test_batch_without_one_readable_photo_is_skipped_whole(embedder: Embedder):
    items = list(embedder.embed_many([b"x"] * 9, on_error="skip"))
    assert len(items) == 9
    assert all(item.error is not None for item in items)


@pytest.mark.parametrize("batch_size", [1, 2, 4, 20])
def test_unreadable_photo_raises_at_its_turn(embedder: Embedder, mixed: list[Path], batch_size: int):
    items: list[EmbeddedItem] = []
    with pytest.raises(ImageError, match="image 3, "):
        items.extend(embedder.embed_many(mixed, batch_size=batch_size))
    stream = embedder.embed_many(mixed, batch_size=batch_size)
    assert [next(stream).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ImageError, match="image 3, "):
        next(stream)
    assert not our_threads()


def test_wrong_type_raises_even_when_skipping(embedder: Embedder, photos: list[Path]):
    stream = embedder.embed_many([photos[0], None, photos[1]], on_error="skip")  # type: ignore[list-item]
    assert next(stream).index == 0
    with pytest.raises(TypeError, match="image 1: got NoneType"):
        next(stream)
    assert not our_threads()


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (4, 2), (5, 3)])
def test_endless_stream_is_read_a_bounded_way_ahead(
    embedder: Embedder, photos: list[Path], batch_size: int, workers: int
):
    drawn = 0

    def endless() -> Iterator[Path]:
        nonlocal drawn
        for photo in itertools.cycle(photos):
            drawn += 1
            yield photo

    stream = embedder.embed_many(endless(), batch_size=batch_size, workers=workers)
    for taken in range(1, 41):
        assert next(stream).index == taken - 1
        assert drawn <= taken + 2 * batch_size + workers
    stream.close()
    assert not our_threads()


def test_nothing_is_read_before_the_first_item_is_asked_for(embedder: Embedder):
    drawn = iter(["missing.jpg"])
    stream = embedder.embed_many(drawn)
    assert next(drawn) == "missing.jpg"
    assert not our_threads()
    assert list(stream) == []


def test_failing_source_comes_after_the_items_before_it(embedder: Embedder, photos: list[Path]):
    def failing() -> Iterator[Path]:
        yield from photos[:6]
        raise ConnectionError("the shop is closed")

    stream = embedder.embed_many(failing())
    assert [next(stream).index for _ in range(6)] == list(range(6))
    with pytest.raises(ConnectionError, match="the shop is closed"):
        next(stream)
    assert not our_threads()


def test_consumer_that_fails_leaves_no_thread(embedder: Embedder, photos: list[Path]):
    def fail() -> None:
        for item in embedder.embed_many(itertools.cycle(photos)):
            raise LookupError(item.index)

    with pytest.raises(LookupError):
        fail()
    assert not our_threads()


def test_empty_stream_gives_nothing(embedder: Embedder):
    assert list(embedder.embed_many([])) == []


def test_array_batch_is_a_stream_of_its_images(embedder: Embedder):
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
    vectors = [item.embeddings.vectors[0] for item in embedder.embed_many(images) if item.embeddings]
    np.testing.assert_allclose(vectors, embedder.embed(images).vectors, rtol=0, atol=ATOL)


def test_item_kept_does_not_keep_its_batch(embedder: Embedder, photos: list[Path]):
    item = next(embedder.embed_many(photos, attention=True))
    assert item.embeddings is not None
    assert item.embeddings.vectors.base is None
    assert item.embeddings.attention is not None
    assert item.embeddings.attention.base is None


@pytest.mark.parametrize(("total", "shown"), [(None, "/12"), (24, "/24")])
def test_progress_is_shown_when_asked_for(
    embedder: Embedder,
    photos: list[Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    total: int | None,
    shown: str,
):
    monkeypatch.setattr("fashionsdk._tools.progress.SHOWN_AFTER", 0)  # seconds; the bar is for streams that take longer
    list(embedder.embed_many(photos, progress=True, total=total))
    assert shown in capsys.readouterr().err
    list(embedder.embed_many(photos, total=total))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"sources": "photo.jpg"}, TypeError, "a single image; expected an iterable"),
        ({"sources": b"photo"}, TypeError, "a single image"),
        ({"sources": np.zeros((16, 16, 3), np.uint8)}, TypeError, "a single image"),
        ({"sources": None}, TypeError, "sources is NoneType; expected an iterable of images"),
        ({"batch_size": 0}, ValueError, "batch_size is 0"),
        ({"workers": 0}, ValueError, "workers is 0"),
        ({"workers": 1_000_000}, ValueError, "workers is 1000000; expected 1 to 1024"),
        ({"batch_size": 2.5}, TypeError, "batch_size is 2.5; expected a whole number"),
        ({"workers": "2"}, TypeError, "workers is '2'; expected a whole number"),
        ({"total": "many"}, TypeError, "total is 'many'; expected a whole number, 0 or more"),
        ({"on_error": "ignore"}, ValueError, "expected 'raise' or 'skip'"),
        ({"attributes": "lapel"}, ValueError, "unknown attribute 'lapel'"),
    ],
)
def test_mistakes_are_told_at_the_call(
    embedder: Embedder, arguments: dict[str, Any], error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        embedder.embed_many(**({"sources": []} | arguments))
