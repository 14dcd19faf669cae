"""Triplet prediction accuracy, against distances measured one by one, and its command."""

import argparse
import json
import logging
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.attributes import Attribute
from fashionsdk.cli.commands import _triplets as command
from fashionsdk.embedding._embedder import Embedder
from fashionsdk.evaluation import _triplet_accuracy as triplet_accuracy
from fashionsdk.evaluation._triplet_accuracy import evaluate_triplets
from fashionsdk.labels import TripletSplit, read_triplets
from tests.sdk.evaluation.random_embeddings import batches, random_vectors
from tests.sdk.labels.triplet_folders import random_rows, write_triplets

NAMES = ("class", "heel")
ATTRIBUTES = tuple(Attribute(name, ()) for name in NAMES)


def random_split(images=40, counts=(70, 50)):
    blocks = [
        np.column_stack([random_rows(images, count, seed=a), np.full(count, a)]) for a, count in enumerate(counts)
    ]
    return TripletSplit(
        Path("."), tuple(f"{i}.jpg" for i in range(images)), ATTRIBUTES, np.concatenate(blocks).astype(np.int32)
    )


def obvious_answers(triplets, vectors):
    """Whether the anchor is nearer to the positive, by Euclidean distance, one triplet at a time."""
    return [
        math.dist(vectors[anchor, a].tolist(), vectors[positive, a].tolist())
        < math.dist(vectors[anchor, a].tolist(), vectors[negative, a].tolist())
        for anchor, positive, negative, a in triplets.tolist()
    ]


def test_accuracy_is_the_share_of_anchors_nearer_to_the_positive():
    split, vectors = random_split(), random_vectors(40)
    got = evaluate_triplets(split, batches(vectors), NAMES)
    answers = np.array(obvious_answers(split.triplets, vectors))
    for a, score in enumerate(got.attributes):
        of_attribute = answers[split.triplets[:, 3] == a]
        assert (score.attribute, score.triplets) == (NAMES[a], len(of_attribute))
        assert score.accuracy == pytest.approx(100 * of_attribute.mean(), abs=1e-3)
    assert got.overall.accuracy == pytest.approx(100 * answers.mean(), abs=1e-3)
    assert got.overall.triplets == 120
    assert (got.without_embedding, got.skipped_triplets) == (0, 0)


def test_swapping_positive_and_negative_swaps_the_answers():
    split, vectors = random_split(), random_vectors(40)
    swapped = TripletSplit(split.root, split.images, split.attributes, split.triplets[:, [0, 2, 1, 3]])
    accuracies = [evaluate_triplets(s, batches(vectors), NAMES).overall.accuracy for s in (split, swapped)]
    assert sum(accuracies) == pytest.approx(100, abs=1e-3)


def test_a_tie_is_wrong():
    split, vectors = random_split(), random_vectors(40)
    vectors[1:] = vectors[1]
    rows = np.array([[0, 1, 2, 0], [0, 5, 9, 1]], np.int32)
    tied = TripletSplit(split.root, split.images, split.attributes, rows)
    assert evaluate_triplets(tied, batches(vectors), NAMES).overall.accuracy == 0


def test_block_sizes_do_not_change_the_scores(monkeypatch):
    split, vectors = random_split(), random_vectors(40)
    whole = evaluate_triplets(split, batches(vectors), NAMES)
    monkeypatch.setattr(triplet_accuracy, "TRIPLETS_IN_MEMORY", 3)
    assert evaluate_triplets(split, batches(vectors), NAMES) == whole


def test_attributes_of_the_model_may_be_more_and_in_any_order():
    split, vectors = random_split(), random_vectors(40)
    whole = evaluate_triplets(split, batches(vectors), NAMES)
    more = np.concatenate([vectors[:, ::-1], random_vectors(40, seed=5)], axis=1)
    assert evaluate_triplets(split, batches(more), ("heel", "class", "x", "y")) == whole


def test_triplets_without_an_embedding_are_left_out_and_counted(caplog):
    split, vectors = random_split(), random_vectors(40)
    with caplog.at_level(logging.WARNING):
        got = evaluate_triplets(split, batches(vectors, skip=(3, 8)), NAMES)
    kept = [row for row in split.triplets.tolist() if not {3, 8} & set(row[:3])]
    rest = TripletSplit(split.root, split.images, split.attributes, np.array(kept, np.int32))
    assert (got.without_embedding, got.skipped_triplets) == (2, 120 - len(kept))
    assert got.attributes == evaluate_triplets(rest, batches(vectors), NAMES).attributes
    assert f"{120 - len(kept)} triplets are left out" in caplog.text


def test_a_photo_that_no_triplet_needs_is_not_missed():
    split, vectors = random_split(images=40), random_vectors(41)
    larger = TripletSplit(split.root, (*split.images, "unused.jpg"), split.attributes, split.triplets)
    assert evaluate_triplets(larger, batches(vectors, skip=(40,)), NAMES).without_embedding == 0


def test_an_attribute_that_the_model_lacks_is_an_error_before_anything_is_embedded():
    def never():
        raise AssertionError("a photo was embedded")
        yield

    with pytest.raises(ValueError, match="does not know heel; it knows class"):
        evaluate_triplets(random_split(), never(), ["class"])


def test_nothing_left_to_ask_is_an_error():
    with pytest.raises(ValueError, match="no triplet is left to evaluate: 40 photos have no embedding"):
        evaluate_triplets(random_split(), [], NAMES)


def test_the_table_and_json_hold_every_score():
    evaluation = evaluate_triplets(random_split(), batches(random_vectors(40)), NAMES)
    lines = evaluation.table().splitlines()
    assert [line.split()[0] for line in lines] == ["attribute", "class", "heel", "all"]
    assert lines[1].split() == ["class", "70", f"{evaluation.attributes[0].accuracy:.2f}"]
    answer = json.loads(json.dumps(evaluation.to_json()))
    assert answer["overall"]["accuracy"] == evaluation.overall.accuracy
    assert [score["attribute"] for score in answer["attributes"]] == ["class", "heel"]


def peak_memory(images):
    rows = np.column_stack([random_rows(images, 500, seed=0), np.zeros(500)]).astype(np.int32)
    split = TripletSplit(Path("."), tuple(f"{i}.jpg" for i in range(images)), ATTRIBUTES[:1], rows)
    vectors = np.random.default_rng(0).normal(size=(500, 1, 64)).astype(np.float32)
    tracemalloc.start()
    evaluate_triplets(split, ((np.arange(i, i + 500), vectors) for i in range(0, images, 500)), NAMES[:1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_embeddings():
    small, large = 10_000, 40_000
    embeddings = (large - small) * 64 * 4  # bytes that embeddings in memory would add
    assert peak_memory(large) - peak_memory(small) < embeddings / 3


@pytest.fixture
def zappos(tmp_path):
    """Photos, and lists of attributes that the tiny bundle knows."""
    folder, rng = tmp_path / "zappos", np.random.default_rng(6)
    images = [f"Shoes/{i}.png" for i in range(10)]
    write_triplets(folder, images, {})
    for name in ("sleeve", "colour"):
        rows = [*random_rows(9, 20, seed=len(name)).tolist(), [9, 0, 1]]
        text = "".join(f"{a} {far} {close}\n" for a, far, close in rows)
        (folder / "tripletlists" / f"{name}_tripletlist_test.txt").write_text(text)
    (folder / "ut-zap50k-images" / "Shoes").mkdir(parents=True)
    for name in images[:9]:
        pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "ut-zap50k-images" / name)
    return folder


def run_command(*argv):
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers())
    args = parser.parse_args(["triplets", *map(str, argv)])
    return args.run(args)


def test_the_command_prints_what_the_embedder_says(zappos, bundle, capsys):
    options = ["--data", zappos, "--split", "test", "--device", "cpu", "--attribute", "sleeve", "--attribute", "colour"]
    assert run_command(bundle.path, *options, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    embedder, split = Embedder(bundle.path, device="cpu"), read_triplets(zappos, "test", ["sleeve", "colour"])
    vectors = embedder.embed([str(path) for path in split.paths[:9]], ["sleeve", "colour"]).vectors
    expected = np.mean(obvious_answers(split.triplets[split.triplets[:, 0] != 9], vectors))
    assert answer["overall"] == {
        "attribute": "all triplets",
        "triplets": 40,
        "accuracy": pytest.approx(100 * expected, abs=1e-3),
    }
    assert (answer["skipped_triplets"], answer["photos"], answer["model"]) == (2, 9, embedder.model)
    assert [entry["photo"] for entry in answer["skipped"]] == [str(split.paths[9])]
    assert answer["without_embedding"] == 1
    assert run_command(bundle.path, *options) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "attribute",
        "sleeve",
        "colour",
        "all",
    ]


def test_the_command_refuses_an_attribute_that_the_bundle_lacks(zappos, bundle):
    write_triplets(zappos, [f"Shoes/{i}.png" for i in range(10)], {"val": [random_rows(9, 2, a) for a in range(4)]})
    with pytest.raises(ValueError, match="does not know class, closure, gender, heel"):
        run_command(bundle.path, "--data", zappos, "--device", "cpu")
