"""Re-ranking against sorted lists and against search, and what it refuses; the command likewise."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fashionsdk.embedding._embedder import Embedder
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search._matcher import Matcher

ATTRIBUTES = ("neckline", "sleeve")
KEYS = [f"{index}.jpg" for index in range(40)]
POOL = np.random.default_rng(3).integers(-1, 2, size=(6, 2, 5)) + np.array([0.25, 0, 0, 0, 0])


def embeddings(vectors: NDArray[np.float64], model: str = "a" * 64) -> Embeddings:
    unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return Embeddings(unit.astype(np.float32), ATTRIBUTES, model)


def queries(count: int, seed: int = 1) -> Embeddings:
    return embeddings(np.random.default_rng(seed).normal(size=(count, 2, 5)))


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    items = embeddings(np.random.default_rng(0).normal(size=(len(KEYS), 2, 5)))
    return Matcher(KEYS, items, [{"number": index} for index in range(len(KEYS))])


@settings(max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_a_list_is_sorted_by_score_and_ties_keep_its_order(data, seed):
    pooled = np.random.default_rng(seed).integers(0, len(POOL), len(KEYS))  # few vectors, so most scores tie
    matcher, query = Matcher(KEYS, embeddings(POOL[pooled])), embeddings(POOL[[pooled[0]]])
    keys = data.draw(st.permutations(KEYS))[: data.draw(st.integers(1, len(KEYS)))]
    k = data.draw(st.none() | st.integers(1, 50))
    everything = matcher.search(query, "sleeve", k=len(KEYS))
    scores = dict(zip(everything.keys[0], everything.scores[0].tolist(), strict=True))
    expected = sorted(keys, key=lambda key: -scores[key])[:k]  # sorted() is stable
    found = matcher.rerank(query, keys, attribute="sleeve", k=k)
    assert found.keys == [expected]
    assert found.scores.tolist() == [[scores[key] for key in expected]]


def test_all_keys_in_gallery_order_give_what_search_gives(matcher):
    query = queries(1)
    found, searched = matcher.rerank(query, KEYS, attribute="neckline"), matcher.search(query, "neckline", k=99)
    assert (found.attribute, found.keys, found.metadata) == ("neckline", searched.keys, searched.metadata)
    assert found.scores.tobytes() == searched.scores.tobytes()
    assert found.scores.dtype == np.float32


def test_the_matches_of_one_attribute_are_put_in_order_of_another(matcher):
    several = queries(4)
    general = matcher.search(several, "neckline", k=9)
    found = matcher.rerank(several, general.keys, attribute="sleeve", k=3)
    assert found.scores.shape == (4, 3)
    for row in range(4):
        query = Embeddings(several.vectors[[row]], ATTRIBUTES, several.model)
        alone = matcher.rerank(query, general.keys[row], attribute="sleeve")
        assert found.keys[row] == alone.keys[0][:3]
        assert [entry["number"] for entry in found.metadata[row]] == [KEYS.index(key) for key in found.keys[row]]


def test_an_attribute_need_not_be_named_when_the_query_holds_one(matcher):
    named, alone = queries(1), queries(1).select("sleeve")
    assert matcher.rerank(alone, KEYS).keys == matcher.rerank(named, KEYS, attribute="sleeve").keys


@pytest.mark.parametrize(("count", "keys", "shape"), [(1, [], (1, 0)), (2, [[], []], (2, 0)), (0, [], (0, 0))])
def test_nothing_found_stays_nothing(matcher, count, keys, shape):
    found = matcher.rerank(queries(count), keys, attribute="sleeve", k=3)
    assert (found.keys, found.metadata, found.scores.shape) == ([[]] * count, [[]] * count, shape)


def test_lists_of_different_lengths_need_a_k_that_all_have(matcher):
    lists = [KEYS[:3], KEYS[4:9]]
    assert matcher.rerank(queries(2), lists, attribute="sleeve", k=3).scores.shape == (2, 3)
    for k in (None, 4):
        with pytest.raises(ValueError, match=f"hold 3 to 5 known keys and k is {k}; expected a k that every list has"):
            matcher.rerank(queries(2), lists, attribute="sleeve", k=k)


def test_keys_that_the_gallery_lacks_can_be_skipped(matcher):
    several = queries(2)
    lists = [["x", *KEYS[:4], "y"], [*KEYS[4:8], "z", "x"]]
    found = matcher.rerank(several, lists, attribute="sleeve", on_unknown="skip")
    expected = matcher.rerank(several, [KEYS[:4], KEYS[4:8]], attribute="sleeve")
    assert (found.keys, found.scores.tolist()) == (expected.keys, expected.scores.tolist())
    assert matcher.rerank(queries(1), ["x", "y"], attribute="sleeve", on_unknown="skip").keys == [[]]
    with pytest.raises(ValueError, match="hold 1 to 2 known keys and k is None"):
        matcher.rerank(several, [["x", "0.jpg"], ["0.jpg", "1.jpg"]], attribute="sleeve", on_unknown="skip")


REFUSED: dict[str, tuple[Any, Any, dict[str, Any], type[Exception], str]] = {
    "an unknown key": (queries(1), ["0.jpg", "x.jpg"], {}, ValueError, "'x.jpg'; the gallery holds 40 items"),
    "a key twice": (queries(1), ["0.jpg", "0.jpg"], {}, ValueError, "'0.jpg' is twice in a list"),
    "one string": (queries(1), "0.jpg", {}, TypeError, "keys is str"),
    "an array": (queries(1), np.array(["0.jpg"]), {}, TypeError, "keys is ndarray"),
    "numbers": (queries(1), [1, 2], {}, TypeError, "lists of strings"),
    "a mixture": (queries(2), [["0.jpg"], "1.jpg"], {}, TypeError, "lists of strings"),
    "one list for two": (queries(2), ["0.jpg", "1.jpg"], {}, ValueError, "1 lists of keys for 2 queries"),
    "two lists for one": (queries(1), [["0.jpg"], ["1.jpg"]], {}, ValueError, "2 lists of keys for 1 queries"),
    "no such choice": (queries(1), ["0.jpg"], {"on_unknown": "drop"}, ValueError, "expected 'raise' or 'skip'"),
    "an unknown key twice": (queries(1), ["x", "x"], {"on_unknown": "skip"}, ValueError, "'x' is twice in a list"),
    "no k": (queries(1), ["0.jpg"], {"k": 0}, ValueError, "k is 0; expected 1 or more"),
    "half a k": (queries(1), ["0.jpg"], {"k": 1.5}, TypeError, "k is 1.5; expected a whole number"),
    "no attribute": (queries(1), ["0.jpg"], {"attribute": None}, ValueError, "say which attribute"),
    "an unknown attribute": (queries(1), ["0.jpg"], {"attribute": "hem"}, ValueError, "unknown attribute 'hem'"),
    "another model": (embeddings(POOL[:1], "b"), ["0.jpg"], {}, GalleryError, "mean nothing"),
    "no embeddings": (np.zeros((1, 2, 5)), ["0.jpg"], {}, TypeError, "query is ndarray; expected Embeddings"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_reranked_is_refused(matcher, name):
    query, keys, options, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        matcher.rerank(query, keys, **({"attribute": "sleeve"} | options))


LISTED = ("shop/deep/3.png", "shop/0.png", "shop/4.png")


def test_the_command_answers_like_the_matcher(run, bundle, gallery):
    Path("found.txt").write_bytes("\ufeffshop/deep/3.png\r\n\r\nshop/0.png\r\nshop/4.png".encode())
    argv = ("rerank", bundle.path, gallery, "shop/4.png", "--attribute", "colour", "--keys", "found.txt")
    status, out, _ = run(*argv, "--json")
    embedder = Embedder(bundle.path)
    expected = Matcher.load(gallery).rerank(embedder.embed(["shop/4.png"]), LISTED, attribute="colour")
    answer = json.loads(out)
    assert (status, answer["attribute"]) == (0, "colour")
    assert [match["key"] for match in answer["matches"]] == expected.keys[0]
    assert [match["score"] for match in answer["matches"]] == expected.scores[0].tolist()
    header, first, *others = run(*argv, "-k", 2)[1].splitlines()
    assert (header.split(), len(others)) == (["rank", "score", "key"], 1)
    assert first.split() == ["1", "1.0000", "shop/4.png"]


def test_the_command_reads_standard_input(run, bundle, gallery, monkeypatch):
    argv = ("rerank", bundle.path, gallery, "shop/4.png", "--attribute", "colour", "--keys", "-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(LISTED).encode())))
    assert len(run(*argv)[1].splitlines()) == 4
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run(*argv)[1].splitlines() == ["rank   score  key"]


def test_the_command_skips_unknown_keys_and_names_them(run, bundle, gallery):
    unknown = [f"shop/x{index}.png" for index in range(25)]
    Path("found.txt").write_text("\n".join([LISTED[0], *unknown, *LISTED[1:]]))
    Path("known.txt").write_text("\n".join(LISTED))
    argv = ("rerank", bundle.path, gallery, "shop/4.png", "--attribute", "colour", "--json", "--keys")
    expected = json.loads(run(*argv, "known.txt")[1])
    assert expected["skipped"] == []
    status, out, err = run(*argv, "found.txt", "--on-unknown", "skip")
    answer, lines = json.loads(out), err.splitlines()
    assert (status, answer["matches"]) == (0, expected["matches"])
    assert [entry["key"] for entry in answer["skipped"]] == unknown
    assert answer["skipped"][0]["reason"].startswith("found.txt, line 2: the gallery has no item 'shop/x0.png'")
    assert sum(line.startswith("skipped found.txt, line ") for line in lines) == 20
    assert lines[-2:] == ["... and 5 more (--json names all)", "skipped 25 of 28 keys"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shop/0.png\nshop/x.png\n", "found.txt, line 2: the gallery has no item 'shop/x.png'"),
        ("shop/x.png\n", "expected keys as 'fashionsdk search' prints, or --on-unknown skip"),
        ("shop/0.png\n\nshop/0.png\n", "found.txt, line 3: 'shop/0.png' is on line 1 too"),
        (b"\xff\n", "found.txt, line 1: the gallery has no item"),
        (None, "No such file"),
    ],
)
def test_a_list_that_does_not_fit_the_gallery_names_its_line(run, bundle, gallery, text, message):
    if text is not None:
        Path("found.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    argv = ("rerank", bundle.path, gallery, "shop/4.png", "--attribute", "colour", "--keys", "found.txt")
    status, out, err = run(*argv)
    assert (status, out) == (1, "")
    assert message in err.splitlines()[-1]
