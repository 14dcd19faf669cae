"""What a notebook shows of an answer: one short line, never an array."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.bundle import Bundle
from fashionsdk.embedding import Embedder
from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import ImageSource
from fashionsdk.search import Matcher, Matches

MODEL = "0123456789ab"
ONE = f"Embeddings(1 image, neckline, sleeve, colour, dimension 8, model {MODEL})"


@pytest.fixture(scope="module")
def embedder(bundle: Bundle) -> Embedder:
    return Embedder(bundle, device="cpu")


def test_embeddings(embedder: Embedder, photos: list[Path]):
    assert repr(embedder.embed(photos[0])) == ONE
    several = embedder.embed(photos[:3], ["colour"], attention=True)
    assert repr(several) == f"Embeddings(3 images, colour, dimension 8, model {MODEL}, attention 4 x 4)"
    assert repr(Embeddings(np.zeros((0, 0, 0), np.float32), (), "")) == "Embeddings(0 images, , dimension 0, model )"


def test_items_of_a_stream(embedder: Embedder, photos: list[Path]):
    pixels = np.zeros((2000, 3000, 3), np.uint8)
    sources: list[ImageSource] = [photos[0], b"no photo" * 1000, pixels, Image.fromarray(pixels)]
    items = list(embedder.embed_many(sources, on_error="skip"))
    assert repr(items[0]) == f"EmbeddedItem(0, {photos[0]}, {ONE})"
    assert repr(items[1]).startswith("EmbeddedItem(1, 8000 bytes, is not an image; expected ")
    assert repr(items[2]) == f"EmbeddedItem(2, array (2000, 3000, 3), {ONE})"
    assert repr(items[3]) == f"EmbeddedItem(3, RGB image of 3000 x 2000, {ONE})"


def test_a_gallery_and_its_answers(embedder: Embedder, photos: list[Path]):
    keys = [photo.name for photo in photos]
    matcher = Matcher(keys, embedder.embed(photos), [{"note": "long " * 100, "n": n} for n in range(12)])
    assert repr(matcher) == f"Matcher(12 items, neckline, sleeve, colour, dimension 8, model {MODEL})"
    item = repr(matcher.get("photo03.jpg"))
    assert item.startswith(f"Item('photo03.jpg', {ONE}, {{'n': 3, 'note': 'long long")
    assert len(item) < 200
    found = matcher.search(embedder.embed(photos[:2]), "colour", k=5)
    scores = [f"{key!r} {score:.4f}" for key, score in zip(found.keys[0], found.scores[0], strict=True)]
    assert repr(found) == f"Matches('colour', 2 queries, 5 each: {', '.join(scores[:3])}, ...)"
    short = matcher.search(embedder.embed(photos[0]), "colour", k=2)
    assert repr(short).startswith("Matches('colour', 1 query, 2 each: 'photo00.jpg' 1.0000, ")
    assert "..." not in repr(short)
    nothing = Matches("colour", [], np.zeros((0, 5), np.float32), [])
    assert repr(nothing) == "Matches('colour', 0 queries, 5 each)"


def test_the_reference_of_a_bundle(bundle: Bundle):
    assert repr(bundle.reference()) == "Reference(6 images, 3 attributes, dimension 8)"
