"""What the matcher must refuse, and that a refused call changes nothing."""

import math
from typing import Any

import numpy as np
import pytest

from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search._matcher import Matcher
from tests.sdk.search.drawn_embeddings import ATTRIBUTES, MODEL, embeddings, names


def broken(change) -> Embeddings:
    vectors = embeddings(2, seed=2).vectors.copy()
    change(vectors)
    return Embeddings(vectors, ATTRIBUTES, MODEL)


def set_to(value):
    return broken(lambda vectors: vectors.__setitem__((1, 1, 3), value))


HALVES: Any = np.ones((2, 2, 16)) / 4  # float64, which Embeddings takes and a gallery does not

BAD_ITEMS: dict[str, tuple[Any, Embeddings, Any, type[Exception], str]] = {
    "a stored key": (["new.jpg", "photo1.jpg"], embeddings(2), None, ValueError, "photo1.jpg"),
    "a key twice": (["new.jpg", "new.jpg"], embeddings(2), None, ValueError, "'new.jpg' is given twice"),
    "too few keys": (["new.jpg"], embeddings(2), None, ValueError, "1 keys for 2 embeddings"),
    "one string": ("ab", embeddings(2), None, TypeError, "list of strings"),
    "a number": (["a", 1], embeddings(2), None, TypeError, "list of strings"),
    "too little metadata": (["a", "b"], embeddings(2), [{}], ValueError, "1 metadata for 2"),
    "metadata that is no mapping": (["a", "b"], embeddings(2), [{}, "x"], TypeError, "mapping"),
    "metadata that is not JSON": (["a", "b"], embeddings(2), [{}, {"x": {1, 2}}], TypeError, "set"),
    "metadata that is NaN": (
        ["a", "b"],
        embeddings(2),
        [{}, {"x": math.nan}],
        ValueError,
        "x is nan, float; expected a finite number",
    ),
    "fewer attributes": (["a", "b"], embeddings(2).select("neckline"), None, ValueError, "expected neckline, sleeve"),
    "more attributes": (["a", "b"], embeddings(2, attributes=(*ATTRIBUTES, "x")), None, ValueError, "expected"),
    "another dimension": (
        ["a", "b"],
        embeddings(2, dimension=8),
        None,
        ValueError,
        "dimension 8 for neckline; expected 16",
    ),
    "another model": (["a", "b"], embeddings(2, model="b"), None, GalleryError, "embed both with the same bundle"),
    "NaN": (["a", "b"], set_to(math.nan), None, ValueError, "'b' has length nan"),
    "infinity": (["a", "b"], set_to(math.inf), None, ValueError, "'sleeve_length' vector of 'b'"),
    "a huge number": (["a", "b"], set_to(3e38), None, ValueError, "length inf"),
    "not unit length": (["a", "b"], broken(lambda v: v.__imul__(1.01)), None, ValueError, "length 1.01"),
    "zero": (["a", "b"], broken(lambda v: v.fill(0)), None, ValueError, "length 0"),
    "float64": (["a", "b"], Embeddings(HALVES, ATTRIBUTES, MODEL), None, TypeError, "float64"),
}


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_a_refused_add_changes_nothing(name):
    keys, items, metadata, error, message = BAD_ITEMS[name]
    matcher = Matcher(names(3), embeddings(3))
    before = matcher.search(embeddings(2, seed=1), "neckline", k=9)
    with pytest.raises(error, match=message):
        matcher.add(keys, items, metadata)
    after = matcher.search(embeddings(2, seed=1), "neckline", k=9)
    assert (matcher.keys, after.keys) == (tuple(names(3)), before.keys)
    np.testing.assert_array_equal(after.scores, before.scores)


def test_a_refused_remove_changes_nothing():
    matcher = Matcher(names(3), embeddings(3))
    with pytest.raises(ValueError, match="'other"):
        matcher.remove(["photo1.jpg", "other.jpg"])
    with pytest.raises(TypeError, match="list of keys"):
        matcher.remove("photo1.jpg")
    assert matcher.keys == tuple(names(3))


def test_get_of_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match=r"'other.jpg'; the gallery holds 3 items"):
        Matcher(names(3), embeddings(3)).get("other.jpg")


@pytest.mark.parametrize(
    ("query", "attribute", "k", "error", "message"),
    [
        (embeddings(1), None, 1, ValueError, "say which attribute"),
        (embeddings(1), "collar", 1, ValueError, "unknown attribute 'collar'"),
        (embeddings(1).select("neckline"), "sleeve_length", 1, ValueError, "unknown attribute"),
        (embeddings(1, attributes=["collar"]), None, 1, ValueError, "unknown attribute 'collar'"),
        (embeddings(1), "neckline", 0, ValueError, "k is 0"),
        (embeddings(1), "neckline", 1.5, TypeError, "k is 1.5; expected a whole number"),
        (embeddings(1), "neckline", "3", TypeError, "k is '3'; expected a whole number"),
        (embeddings(1), "neckline", True, TypeError, "k is True; expected a whole number"),
        (embeddings(1), 3, 1, TypeError, "attributes is 3; expected a name"),
        (embeddings(1, dimension=8), "neckline", 1, ValueError, "dimension 8"),
        (embeddings(1, model="b"), "neckline", 1, GalleryError, "mean nothing"),
        (broken(lambda v: v.fill(0)), "neckline", 1, ValueError, "'query 0' has length 0"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(query, attribute, k, error, message):
    with pytest.raises(error, match=message):
        Matcher(names(3), embeddings(3)).search(query, attribute, k=k)


@pytest.mark.parametrize(
    ("attributes", "dimension", "error", "message"),
    [
        ((), 4, ValueError, "at least one attribute"),
        (("a", "a"), 4, ValueError, "at least one attribute"),
        (("a",), 0, ValueError, "dimension is 0; expected 1 or more"),
        (("a",), -1, ValueError, "dimension is -1; expected 1 or more"),
        (("a",), 4.0, TypeError, "dimension is 4.0; expected a whole number"),
        ("neckline", 4, TypeError, "attributes is the string 'neckline'; expected a list of names"),
    ],
)
def test_a_gallery_needs_attributes_and_a_dimension(attributes, dimension, error, message):
    with pytest.raises(error, match=message):
        Matcher.empty(attributes, dimension, MODEL)
