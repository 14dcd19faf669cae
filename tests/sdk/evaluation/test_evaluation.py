"""The papers' protocol, against rankings done by hand, and its memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.attributes import Attribute
from fashionsdk.evaluation import _retrieval as evaluation
from fashionsdk.evaluation._retrieval import evaluate
from fashionsdk.labels import RetrievalSplit
from tests.sdk.evaluation.random_embeddings import batches, random_vectors

ATTRIBUTES = (Attribute("colour", ("red", "green", "blue")), Attribute("sleeve", ("long", "short")))


def random_split(images, seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        (i, a, int(rng.integers(len(attribute.values))))
        for i in range(images)
        for a, attribute in enumerate(ATTRIBUTES)
        if rng.random() < 0.8
    ]
    is_query = rng.random(len(rows)) < 0.3
    table = np.array(rows, np.int32)
    names = tuple(f"{i}.jpg" for i in range(images))
    return RetrievalSplit(Path("."), names, ATTRIBUTES, table[is_query], table[~is_query])


def obvious_precisions(split, vectors, attribute):
    result = []
    for query, a, value in split.queries.tolist():
        if a != attribute:
            continue
        candidates = [(c, v) for c, b, v in split.candidates.tolist() if b == a]
        ranked = sorted(candidates, key=lambda cv: -float(vectors[query, a] @ vectors[cv[0], a]))
        hits = [v == value for _, v in ranked]
        precisions = [sum(hits[: r + 1]) / (r + 1) for r, hit in enumerate(hits) if hit]
        result.append((sum(precisions) / len(precisions) if precisions else 0.0, float(hits[0]), float(any(hits[:10]))))
    return np.array(result)


def test_scores_are_those_of_sorted_lists():
    split, vectors = random_split(60), random_vectors(60)
    got = evaluate(split, batches(vectors), ["colour", "sleeve"])
    expected = [obvious_precisions(split, vectors, a) * 100 for a in range(2)]
    for score, of_attribute in zip(got.attributes, expected, strict=True):
        assert score.queries == len(of_attribute)
        figures = [score.map, score.recall["R@1"], score.recall["R@10"]]
        np.testing.assert_allclose(figures, of_attribute.mean(axis=0), atol=1e-3)
    assert got.overall.map == pytest.approx(np.concatenate(expected)[:, 0].mean(), abs=1e-3)


def test_block_sizes_do_not_change_the_scores(monkeypatch):
    split, vectors = random_split(60), random_vectors(60)
    whole = evaluate(split, batches(vectors), ["colour", "sleeve"])
    monkeypatch.setattr(evaluation, "SCORES_IN_MEMORY", 50)
    monkeypatch.setattr(evaluation, "ROWS_IN_MEMORY", 7)
    assert evaluate(split, batches(vectors), ["colour", "sleeve"]) == whole


def test_attributes_of_the_model_may_come_in_any_order():
    split, vectors = random_split(60), random_vectors(60)
    whole = evaluate(split, batches(vectors), ["colour", "sleeve"])
    assert evaluate(split, batches(vectors[:, ::-1]), ["sleeve", "colour"]) == whole


def test_photos_without_an_embedding_are_left_out_and_counted():
    split, vectors = random_split(60), random_vectors(60)
    got = evaluate(split, batches(vectors, skip=(3, 8)), ["colour", "sleeve"])
    kept = [rows[~np.isin(rows[:, 0], (3, 8))] for rows in (split.queries, split.candidates)]
    rest = RetrievalSplit(Path("."), split.images, ATTRIBUTES, *kept)
    assert got.without_embedding == 2
    assert got.attributes == evaluate(rest, batches(vectors), ["colour", "sleeve"]).attributes


def test_an_attribute_that_the_model_lacks_is_an_error():
    with pytest.raises(ValueError, match="does not know sleeve; it knows colour"):
        evaluate(random_split(60), [], ["colour"])


def test_nothing_left_to_ask_is_an_error():
    with pytest.raises(ValueError, match="60 of 60 photos have no embedding"):
        evaluate(random_split(60), [], ["colour", "sleeve"])


def test_the_table_has_a_line_an_attribute_and_the_mean_last():
    text = evaluate(random_split(60), batches(random_vectors(60)), ["colour", "sleeve"]).table()
    assert [line.split()[0] for line in text.splitlines()] == ["attribute", "colour", "sleeve", "mean"]


def peak_memory(images):
    names = tuple(f"{i}.jpg" for i in range(images))
    rows = np.stack([np.arange(images), np.zeros(images), np.arange(images) % 3], axis=1).astype(np.int32)
    split = RetrievalSplit(Path("."), names, ATTRIBUTES[:1], rows[:20], rows[20:])
    vectors = np.random.default_rng(0).normal(size=(500, 1, 64)).astype(np.float32)
    tracemalloc.start()
    evaluate(split, ((np.arange(i, i + 500), vectors) for i in range(0, images, 500)), ["colour"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_embeddings(monkeypatch):
    monkeypatch.setattr(evaluation, "SCORES_IN_MEMORY", 1)
    monkeypatch.setattr(evaluation, "ROWS_IN_MEMORY", 512)
    small, large = 10_000, 40_000
    embeddings = (large - small) * 64 * 4  # bytes that a gallery in memory would add
    assert peak_memory(large) - peak_memory(small) < embeddings / 3


def with_one_sleeve(split):
    """Return the split with the same sleeve on every photo."""
    rows = [np.where(part[:, 1:2] == 1, part * [1, 1, 0], part) for part in (split.queries, split.candidates)]
    return RetrievalSplit(split.root, split.images, split.attributes, *rows)


def test_an_attribute_of_one_value_is_not_part_of_the_mean_and_is_named():
    split, vectors = with_one_sleeve(random_split(60)), random_vectors(60)
    got = evaluate(split, batches(vectors), ["colour", "sleeve"])
    of_colour = [part[part[:, 1] == 0] for part in (split.queries, split.candidates)]
    colour = RetrievalSplit(split.root, split.images, split.attributes, *of_colour)
    assert [(score.attribute, score.map) for score in got.attributes][1:] == [("sleeve", 100.0)]
    assert got.overall == evaluate(colour, batches(vectors), ["colour", "sleeve"]).overall
    assert got.one_valued == ("sleeve",)
    assert got.table().splitlines()[-1] == "not part of the mean, for all photos have the same value: sleeve"


def test_an_attribute_is_of_one_value_if_only_photos_without_an_embedding_have_another():
    split, vectors = with_one_sleeve(random_split(60)), random_vectors(60)
    image, row = next((row[0], n) for n, row in enumerate(split.candidates.tolist()) if row[1] == 1)
    split.candidates[row, 2] = 1
    assert evaluate(split, batches(vectors), ["colour", "sleeve"]).one_valued == ()
    assert evaluate(split, batches(vectors, skip=(image,)), ["colour", "sleeve"]).one_valued == ("sleeve",)


def test_no_attribute_with_two_values_is_an_error():
    split = with_one_sleeve(random_split(60)).select("sleeve")
    with pytest.raises(ValueError, match="all photos have the same value of sleeve; expected two values"):
        evaluate(split, batches(random_vectors(len(split.images))), ["colour", "sleeve"])
