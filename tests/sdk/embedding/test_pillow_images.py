"""Pillow images that several readers share: the same answers as one thread's."""

import io
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence, features

from fashionsdk.embedding._reading import read_photos
from fashionsdk.photos import ImageSource, Preprocessing

PREPROCESSING = Preprocessing(16)
RANDOM = np.random.default_rng(0)
WRITERS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {},
    "WEBP": {"lossless": True},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "PPM": {},
    "GIF": {},
}
if features.check("avif"):
    WRITERS["AVIF"] = {}


@pytest.fixture(autouse=True)
def many_switches() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def noise(*shape: int) -> Image.Image:
    return Image.fromarray(RANDOM.integers(0, 256, (*shape, 3), dtype=np.uint8))


def written(format: str, image: Image.Image, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, format, **WRITERS[format], **options)
    return file


def read(sources: Any) -> list[NDArray[np.uint8] | str]:
    photos = read_photos(sources, PREPROCESSING, 4, workers=8)
    return [str(photo.error) if photo.pixels is None else photo.pixels for photo in photos]


def check_all(got: list[NDArray[np.uint8] | str], expected: list[NDArray[np.uint8]]) -> None:
    assert not [answer for answer in got if isinstance(answer, str)]
    assert len(got) == len(expected)
    assert all(np.array_equal(answer, right) for answer, right in zip(got, expected, strict=True))


@pytest.mark.parametrize("format", WRITERS)
def test_one_unloaded_image_may_be_given_many_times(format: str):
    file = written(format, noise(150, 200))
    expected = PREPROCESSING.read(Image.open(file))
    for _ in range(3):
        check_all(read([Image.open(file)] * 16), [expected] * 16)


@pytest.mark.parametrize("format", WRITERS)
def test_unloaded_images_may_share_a_file(format: str):
    file = written(format, noise(150, 200))
    expected = PREPROCESSING.read(Image.open(file))
    for _ in range(3):
        check_all(read([Image.open(file) for _ in range(16)]), [expected] * 16)


@pytest.mark.parametrize("format", ["GIF", "PNG", "TIFF", "WEBP"])
def test_frames_are_those_that_were_given(format: str):
    frames = [noise(40, 40) for _ in range(12)]
    file = written(format, frames[0], save_all=True, append_images=frames[1:])
    expected = [PREPROCESSING.read(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(file))]
    check_all(read(ImageSequence.Iterator(Image.open(file))), expected)


def test_a_damaged_frame_is_an_error_at_its_turn():
    frames = [noise(40, 40) for _ in range(3)]
    data = written("GIF", frames[0], save_all=True, append_images=frames[1:]).getvalue()

    def sources() -> Iterator[ImageSource]:
        yield Image.new("RGB", (20, 20), "red")
        yield Image.open(io.BytesIO(data[:900]))
        yield Image.new("RGB", (20, 20), "blue")

    first, second, third = read(sources())
    assert isinstance(second, str)
    assert second.startswith("image 1")
    assert not isinstance(first, str)
    assert not isinstance(third, str)


def test_two_readers_of_one_image_answer_alike():
    file = written("PNG", noise(150, 200))
    image, expected = Image.open(file), PREPROCESSING.read(Image.open(file))
    answers: list[list[NDArray[np.uint8] | str]] = []
    threads = [threading.Thread(target=lambda: answers.append(read([image] * 8))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        check_all(answer, [expected] * 8)
