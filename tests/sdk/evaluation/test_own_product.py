"""A query's own product is not among its candidates: figures are those of a ranking without it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.attributes import Attribute
from fashionsdk.evaluation import average_precision, evaluate
from fashionsdk.labels import RetrievalSplit

PHOTOS, VALUES = 30, 3


def shop(seed, products):
    """Return a split of one attribute with random values, and its embeddings ``(N, 1, 8)``."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, VALUES, PHOTOS)
    rows = np.column_stack([np.arange(PHOTOS), np.zeros(PHOTOS, np.int64), values]).astype(np.int32)
    names = tuple(f"p{n}" if n else "" for n in rng.integers(0, products, PHOTOS)) if products else ()
    attribute = Attribute("colour", tuple("abc"))
    split = RetrievalSplit(Path(), tuple(map(str, range(PHOTOS))), (attribute,), rows[::3], rows, products=names)
    vectors = rng.normal(size=(PHOTOS, 1, 8)).astype(np.float32)
    return split, vectors / np.linalg.norm(vectors, axis=2, keepdims=True)


def measured(split, vectors):
    return evaluate(split, [(np.arange(PHOTOS), vectors)], ["colour"])


def slowly(split, vectors):
    """Return each query's average precision, computed item by item."""
    precisions = []
    for image, _, value in split.queries.tolist():
        own = split.products[image]
        others = [row for row in split.candidates.tolist() if not own or split.products[row[0]] != own]
        ranked = sorted(others, key=lambda row: -float(vectors[row[0], 0] @ vectors[image, 0]))
        hits, found = 0, []
        for place, row in enumerate(ranked, start=1):
            if row[2] == value:
                hits += 1
                found.append(hits / place)
        precisions.append(sum(found) / len(found) if found else 0.0)
    return precisions


@given(st.integers(0, 10_000), st.integers(2, 12))
def test_figures_are_those_of_rankings_without_the_own_product(seed, products):
    split, vectors = shop(seed, products)
    evaluation = measured(split, vectors)
    np.testing.assert_allclose(evaluation.each_query[0].precisions, slowly(split, vectors), rtol=0, atol=1e-12)


def test_chance_is_of_the_candidates_that_are_left():
    split, vectors = shop(1, 4)
    rng = np.random.default_rng(0)
    for image, _, value in split.queries[:3].tolist():
        one = replace(split, queries=split.queries[split.queries[:, 0] == image])
        left = [row[2] == value for row in split.candidates.tolist() if split.products[row[0]] != split.products[image]]
        ranked = rng.permuted(
            np.tile(left if split.products[image] else split.candidates[:, 2] == value, (20_000, 1)), axis=1
        )
        by_chance = average_precision(ranked).mean() * 100
        assert measured(one, vectors).overall.random_map == pytest.approx(by_chance, abs=0.5)  # its error is 0.07


def test_products_of_one_photo_each_and_none_give_the_same_figures_to_the_bit():
    split, vectors = shop(2, 0)
    query = {row[0] for row in split.queries.tolist()}
    apart = replace(
        split, candidates=np.array([row for row in split.candidates.tolist() if row[0] not in query], np.int32)
    )
    alone = replace(apart, products=tuple(f"p{n}" for n in range(PHOTOS)))
    assert measured(apart, vectors) == measured(alone, vectors)
    assert (
        measured(apart, vectors).each_query[0].precisions.tolist()
        == measured(alone, vectors).each_query[0].precisions.tolist()
    )


def test_a_photo_of_no_known_product_is_every_query_s_candidate():
    split, vectors = shop(3, 0)
    unknown = replace(split, products=("",) * PHOTOS)
    assert measured(split, vectors) == measured(unknown, vectors)


def test_a_garment_that_finds_itself_gains_nothing():
    rng = np.random.default_rng(4)
    split, _ = shop(4, 0)
    product = np.arange(PHOTOS) // 2  # two photos each, whose vectors are equal and say nothing of the value
    rows = np.column_stack([np.arange(PHOTOS), np.zeros(PHOTOS), product % VALUES]).astype(np.int32)
    vectors = rng.normal(size=(PHOTOS // 2, 1, 8)).astype(np.float32)[product]
    untold = replace(split, queries=rows[::2], candidates=rows[1::2])
    told = replace(untold, products=tuple(map(str, product)))
    assert measured(untold, vectors).overall.recall["R@1"] == 100
    score = measured(told, vectors).overall
    assert score.map == pytest.approx(score.random_map, abs=12)
    assert score.recall["R@1"] < 60
