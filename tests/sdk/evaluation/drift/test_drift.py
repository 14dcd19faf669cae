"""Recorded quality and later photos: what is said where there is a drop, and where there is none."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from fashionsdk.attributes import Attribute
from fashionsdk.bundle import Quality, ValueQuality
from fashionsdk.errors import LabelsError
from fashionsdk.evaluation import drift as drift_room
from fashionsdk.evaluation.drift import measure_drift, measure_quality
from tests.sdk.evaluation.drift.shops import own_map, quality_of, random_shop, with_data

BETWEEN = "no difference can be shown"


@cache
def recorded(seed=0, images=600, **options):
    return with_data(random_shop(seed, images, **options), quality_of)


def drift(quality, seed=1, images=300, **options):
    return with_data(random_shop(seed, images, **options), lambda data: measure_drift(data, quality))


def test_what_is_recorded_is_the_mean_of_the_photos_by_value():
    split, vectors = random_shop(0, 300)
    quality = with_data((split, vectors), quality_of)
    maps = with_data((split, vectors), lambda data: own_map(data, 1))
    assert quality.map("sleeve") == pytest.approx(maps.precisions.mean() * 100, abs=1e-3)
    assert quality.photos("sleeve") == 300
    assert quality.values["colour"]["red"].photos == np.count_nonzero(split.matrix()[:, 0] == 0)


def test_a_drop_of_one_attribute_is_shown_there_and_not_elsewhere():
    got = drift(recorded(), noise=(0.9, 0.5))
    assert [each.verdict for each in got.attributes] == ["dropped", BETWEEN]
    assert got.dropped[0] == "colour"
    assert "colour" in got.table().splitlines()[1]
    assert got.table().splitlines()[1].endswith("  dropped")


def test_a_gain_is_an_improvement():
    got = drift(recorded(noise=(0.9, 0.9)))
    assert {each.verdict for each in (*got.attributes, got.overall)} == {"improved"}
    assert got.dropped == ()


def test_other_shares_and_fewer_photos_are_no_drift():
    quality = recorded(noise=(0.8, 0.8))
    assert drift(quality, images=200, noise=(0.8, 0.8), red=0.75).dropped == ()


@pytest.mark.slow
def test_at_most_one_in_twenty_comparisons_of_the_same_source_says_anything():
    alarms = 0
    for seed in range(100):
        got = drift(recorded(2 * seed, 200, noise=(0.7, 0.5)), 2 * seed + 1, 100, noise=(0.7, 0.5))
        alarms += any(each.verdict != BETWEEN for each in (*got.attributes, got.overall))
    assert alarms <= 10  # of 100 at 5 %: more than 10 in 1 of 90 such tests


def test_the_recorded_error_is_that_of_other_photos_from_the_same_source():
    qualities = [recorded(seed, 150, noise=(0.7, 0.7)) for seed in range(60)]
    spread = np.std([quality.map("sleeve") for quality in qualities], ddof=1)
    assert np.mean([quality.error("sleeve") for quality in qualities]) == pytest.approx(spread, rel=0.25)


def test_photos_of_one_product_count_together():
    def error(products):
        split, vectors = random_shop(0, 300, products=products)
        alike = vectors[np.arange(300) % 30]  # of each garment ten photos, whose vectors are equal
        values = split.matrix()[np.arange(300) % 30]
        rows = np.array([(i, a, values[i, a]) for i in range(300) for a in range(2)], np.int32)
        split = replace(split, queries=rows, candidates=rows[:0])
        return with_data((split, alike), lambda data: quality_of(data).error("sleeve"))

    assert error(30) > 2 * error(0)


def test_values_that_only_one_side_has_are_left_out_and_counted():
    quality = recorded()
    values = {**quality.values["colour"], "pink": ValueQuality(30, 10.0)}
    wider = replace(quality, values={**quality.values, "colour": values})
    split, vectors = random_shop(1, 300)
    more = Attribute("colour", ("red", "green", "blue", "mauve"))
    queries = split.queries.copy()
    queries[0, 2] = 3
    new = replace(split, attributes=(more, split.attributes[1]), queries=queries)
    got = with_data((new, vectors), lambda data: measure_drift(data, wider)).attributes[0]
    assert got.covered == pytest.approx(600 / 630, abs=1e-4)
    assert got.recorded == pytest.approx(quality.map("colour"), abs=1e-3)
    assert got.photos == 299


def test_what_cannot_be_compared_is_named_with_the_reason():
    quality = recorded()
    split, vectors = random_shop(1, 300)
    only = split.select("sleeve")
    got = with_data((only, vectors), lambda data: measure_drift(data, quality))
    assert got.overall.difference == got.attributes[0].difference
    assert got.overall.low == got.attributes[0].low
    rare = {**quality.values["colour"], "pink": ValueQuality(300, 10.0)}
    wider = replace(quality, values={**quality.values, "colour": rare})
    got = with_data((split, vectors), lambda data: measure_drift(data, wider))
    assert got.not_compared == {
        "colour": "too few photos of pink: the other values are 600 of 900 recorded photos",
    }
    assert "not compared: colour: too few photos of pink" in got.table()
    with pytest.raises(
        LabelsError, match=r"no attribute can be compared .* colour: .*15 new photos; expected 20 or more"
    ):
        drift(quality, images=15)


def test_a_quality_of_another_gallery_is_refused():
    with pytest.raises(LabelsError, match="a gallery of 50 photos, expected 100; export the model again"):
        drift(replace(recorded(), gallery=50))


def test_json_has_the_verdicts():
    values = json.loads(json.dumps(drift(recorded(), noise=(0.9, 0.5)).to_json()))
    assert values["attributes"][0]["verdict"] == "dropped"
    assert set(values) == {"attributes", "overall", "not_compared"}


def test_photos_of_one_value_have_no_quality():
    split, vectors = random_shop(0, 50)
    same = [np.where([[False, False, True]], 0, rows) for rows in (split.queries, split.candidates)]
    alike = replace(split, queries=same[0].astype(np.int32), candidates=same[1].astype(np.int32))
    assert with_data((alike, vectors), measure_quality) is None


def test_a_quality_that_contradicts_itself_is_refused():
    good = recorded()
    with pytest.raises(ValueError, match="covariance is of colour; expected each pair of"):
        Quality(100, good.values, {"colour": {"colour": 1.0}})
    with pytest.raises(ValueError, match="gallery is 0"):
        replace(good, gallery=0)
    with pytest.raises(ValueError, match="map is 101"):
        ValueQuality(1, 101.0)


def test_a_large_split_is_measured_on_a_sample(monkeypatch):
    monkeypatch.setattr(drift_room._attribute_map, "MOST_PHOTOS", 90)
    whole = random_shop(0, 600)
    assert len(with_data(whole, lambda data: own_map(data, 1)).queries) == 90
    assert with_data(whole, quality_of).photos("sleeve") == 600
