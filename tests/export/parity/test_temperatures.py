"""Temperatures of a bundle: fitted on the photos that are labelled, attribute by attribute."""

from dataclasses import replace

import numpy as np
import pytest

from fashionsdk import Attribute
from fashionsdk.labels import read_retrieval
from fashionsdk.values import Posterior, fit_temperature
from fashionsdk_export.parity.temperatures import calibrated, labelled

PHOTOS = 60


@pytest.fixture
def split(tmp_path):
    """Sixty photos; all have a colour, every second one a neckline, none of the last ten a sleeve."""
    rows = ["image,split,neckline,colour"]
    for index in range(PHOTOS):
        neckline = ("round", "v")[index // 2 % 2] if index % 2 == 0 else ""
        rows.append(f"{index}.jpg,valid,{neckline},{('blue', 'red')[index % 3 == 0]}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return read_retrieval(tmp_path / "labels.csv", "valid")


def test_labels_are_those_of_the_photos_that_were_embedded(split):
    indices = np.array([5, 2, 8, 4])  # 5.jpg has no neckline
    rows, labels = labelled(split, split.attributes[0], indices)
    assert rows.tolist() == [1, 2, 3]
    assert labels.tolist() == [index // 2 % 2 for index in (2, 8, 4)]


def test_each_attribute_gets_its_own_temperature(manifest_of, split):
    rng = np.random.default_rng(0)
    roots = np.sqrt(rng.dirichlet([1, 1], size=(PHOTOS, 2))).astype(np.float32)
    vectors = np.pad(roots, ((0, 0), (0, 0), (3, 0)))
    manifest = manifest_of({"neckline": Posterior(3, 2.0), "colour": Posterior(3, 2.0)})
    got = calibrated(manifest, split, np.arange(PHOTOS), vectors)
    for position, name in enumerate(("neckline", "colour")):
        rows, labels = labelled(split, split.attributes[position], np.arange(PHOTOS))
        expected = fit_temperature(roots[rows, position] ** 2, labels, 2.0)
        assert got[name].offset == 3
        assert got[name].temperature == pytest.approx(expected, rel=1e-5)
    few = calibrated(manifest, split, np.arange(10), vectors[:10])
    assert few == manifest.model.posteriors


def test_a_split_whose_values_stand_in_another_order_tells_the_same(manifest_of, split):
    rng = np.random.default_rng(1)
    vectors = np.pad(np.sqrt(rng.dirichlet([1, 1], size=(PHOTOS, 2))).astype(np.float32), ((0, 0), (0, 0), (3, 0)))
    manifest = manifest_of({"neckline": Posterior(3, 2.0), "colour": Posterior(3, 2.0)})
    turned = replace(
        split,
        attributes=tuple(Attribute(each.name, each.values[::-1]) for each in split.attributes),
        **{part: getattr(split, part) * (1, 1, -1) + (0, 0, 1) for part in ("queries", "candidates")},
    )
    assert [each.values for each in turned.attributes] == [("v", "round"), ("red", "blue")]
    indices = np.arange(PHOTOS)
    assert calibrated(manifest, turned, indices, vectors) == calibrated(manifest, split, indices, vectors)
    for mine, expected in zip(
        labelled(turned, split.attributes[0], indices), labelled(split, split.attributes[0], indices), strict=True
    ):
        np.testing.assert_array_equal(mine, expected)
    without_v = Attribute("neckline", ("round",))
    rows, values = labelled(split, without_v, indices)
    assert (rows.tolist(), set(values.tolist())) == ([i for i in range(PHOTOS) if i % 4 == 0], {0})


def test_attributes_with_other_values_keep_theirs(manifest_of, split):
    manifest = manifest_of({"neckline": Posterior(3, 2.0)})
    other = replace(manifest, attributes=(Attribute("neckline", ("boat", "round", "v")), *manifest.attributes[1:]))
    vectors = np.full((PHOTOS, 2, 6), 0.4, np.float32)
    assert calibrated(other, split, np.arange(PHOTOS), vectors) == {"neckline": Posterior(3, 2.0)}
