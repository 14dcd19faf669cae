"""Training on listed triplets: loading them, and the triplets of an epoch."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk.photos._source import open_image
from fashionsdk_training.data.augmentation import Augmentation
from fashionsdk_training.data.listed_triplets import ListedTripletSampler, TripletData, load_triplet_data
from fashionsdk_training.errors import DataError
from fashionsdk_training.loop.loader import Loader
from tests.sdk.labels.triplet_folders import random_rows, write_triplets
from tests.training.conftest import SIDE, draw

IMAGES = [f"{i}.png" for i in range(24)]


@pytest.fixture(scope="module")
def zappos(tmp_path_factory):
    """Photos 0 to 15 for training, 16 to 23 for validation."""
    folder, rng = tmp_path_factory.mktemp("zappos"), np.random.default_rng(0)
    train = [random_rows(16, 10, seed=a) for a in range(4)]
    val = [16 + random_rows(8, 6, seed=10 + a) for a in range(4)]
    write_triplets(folder, IMAGES, {"train": train, "val": val})
    (folder / "ut-zap50k-images").mkdir()
    for i, name in enumerate(IMAGES):
        draw(("red", "green")[i % 2], "horizontal", rng).save(folder / "ut-zap50k-images" / name)
    return folder


def listed(folder, split):
    """The lists' lines as sets of photo names and the attribute's position, read by hand."""
    rows = []
    for a, name in enumerate(("class", "closure", "gender", "heel")):
        for line in (folder / "tripletlists" / f"{name}_tripletlist_{split}.txt").read_text().splitlines():
            anchor, far, close = map(int, line.split())
            rows.append((IMAGES[anchor], IMAGES[close], IMAGES[far], a))
    return rows


def names(images, triplets):
    return [(*(images[i] for i in row[:3]), row[3]) for row in triplets.tolist()]


def triplets_of(draw):
    assert draw.triplets is not None
    return draw.triplets


@given(st.integers(1, 40), st.integers(3, 30), st.integers(0, 5))
def test_each_triplet_occurs_once_an_epoch(count, batch_size, epoch):
    triplets = np.random.default_rng(count).integers(0, 9, (count, 4)).astype(np.int32)
    sampler = ListedTripletSampler(triplets, batch_size, seed=3)
    draws = list(sampler.epoch(epoch))
    passed = [[*draw.images[row[:3]].tolist(), int(row[3])] for draw in draws for row in triplets_of(draw)]
    assert sorted(passed) == sorted(triplets.tolist())
    assert len(draws) == sampler.batches()
    assert max(len(draw.images) for draw in draws) <= batch_size


def test_the_order_depends_on_seed_and_epoch_alone():
    triplets = np.arange(400, dtype=np.int32).reshape(-1, 4)

    def order(seed, epoch):
        return np.concatenate([draw.images for draw in ListedTripletSampler(triplets, 9, seed).epoch(epoch)]).tolist()

    sampler = ListedTripletSampler(triplets, 9, 1)
    list(sampler.epoch(0))
    assert np.concatenate([draw.images for draw in sampler.epoch(2)]).tolist() == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)


@pytest.mark.parametrize("triplets", [np.empty((0, 4), np.int32), np.zeros((5, 3), np.int32), np.zeros(4, np.int32)])
def test_an_array_that_is_not_a_list_of_triplets_is_an_error(triplets):
    with pytest.raises(ValueError, match=r"expected \(T, 4\)"):
        ListedTripletSampler(triplets, 9, 0)


def test_loaded_triplets_are_the_listed_ones_with_their_photos(zappos, tmp_path):
    data = load_triplet_data(zappos, SIDE, 36, tmp_path)
    assert names(data.labels.images, data.triplets) == listed(zappos, "train")
    assert names(data.questions.images, data.questions.triplets) == listed(zappos, "val")
    for cache, split, side in ((data.photos, data.labels, 36), (data.retrieval_photos, data.questions, SIDE)):
        assert cache.pixels.shape == (len(split.images), side, side, 3)
        np.testing.assert_array_equal(cache.pixels[3], Preprocessing(side)(open_image(split.paths[3])))
    assert (data.values == -1).all()
    assert data.values.shape == (len(data.labels.images), 4)
    assert not len(data.retrieval.queries)


def test_the_loader_feeds_them(zappos, tmp_path):
    data = load_triplet_data(zappos, SIDE, 36, tmp_path)
    sampler = ListedTripletSampler(data.triplets, 12, seed=0)
    augmentation = Augmentation(smallest_crop=1.0, mirror=False, brightness=0.0)
    loader = Loader(data, sampler, Preprocessing(SIDE), augmentation, seed=0)
    drawn = list(sampler.epoch(1))
    for batch, expected in zip(loader.epoch(1), drawn, strict=True):
        assert batch.images.shape == (len(expected.images), SIDE, SIDE, 3)
        assert batch.triplets is not None
        assert batch.triplets.tolist() == triplets_of(expected).tolist()
    assert sum(len(triplets_of(draw)) for draw in drawn) == 40


def test_some_attributes_may_be_chosen(zappos, tmp_path):
    data = load_triplet_data(zappos, SIDE, 36, tmp_path, attributes=["heel"])
    assert names(data.labels.images, data.triplets) == [(*row[:3], 0) for row in listed(zappos, "train") if row[3] == 3]
    assert [attribute.name for attribute in data.labels.attributes] == ["heel"]


def test_a_part_of_the_triplets_is_the_same_part_each_time(zappos, tmp_path):
    parts = [load_triplet_data(zappos, SIDE, 36, tmp_path, most=12, seed=seed) for seed in (0, 0, 1)]
    chosen = [names(part.labels.images, part.triplets) for part in parts]
    assert len(chosen[0]) == 12
    assert set(chosen[0]) <= set(listed(zappos, "train"))
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(parts[0].questions.triplets) == 24
    assert len(load_triplet_data(zappos, SIDE, 36, tmp_path, most=1000).triplets) == 40
    with pytest.raises(ValueError, match="most is 0"):
        load_triplet_data(zappos, SIDE, 36, tmp_path, most=0)


def copy(zappos, target, without=()):
    target.mkdir()
    for path in zappos.rglob("*"):
        if path.is_file() and path.name not in without:
            (target / path.relative_to(zappos)).parent.mkdir(exist_ok=True)
            (target / path.relative_to(zappos)).write_bytes(path.read_bytes())
    return target


def test_triplets_of_unreadable_photos_are_left_out_and_counted(zappos, tmp_path, caplog):
    folder = copy(zappos, tmp_path / "broken", without=("3.png",))
    (folder / "ut-zap50k-images" / "20.png").write_bytes(b"no photo")
    with caplog.at_level(logging.WARNING):
        data = load_triplet_data(folder, SIDE, 36, tmp_path)
    expected = [row for row in listed(zappos, "train") if "3.png" not in row]
    assert names(data.labels.images, data.triplets) == expected
    assert len(data.questions.triplets) == 24
    assert f"{40 - len(expected)} of 40 triplets of split 'train' need such a photo" in caplog.text
    lost = sum("20.png" in row for row in listed(zappos, "val"))
    assert f"{lost} of 24 triplets of split 'val' need such a photo" in caplog.text


def test_no_readable_triplet_is_an_error(zappos, tmp_path):
    folder = copy(zappos, tmp_path / "bare", without=IMAGES[16:])
    with pytest.raises(DataError, match="no triplet of split 'val' has three photos that can be read"):
        load_triplet_data(folder, SIDE, 36, tmp_path)


def test_photos_of_both_splits_are_reported(zappos, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        data = load_triplet_data(zappos, SIDE, 36, tmp_path, splits=("train", "train"))
    assert f"{len(data.labels.images)} photos are in both 'train' and 'train'" in caplog.text


def test_other_data_have_another_digest(zappos, tmp_path):
    whole, again, part = (load_triplet_data(zappos, SIDE, 36, tmp_path, most=most) for most in (None, None, 39))
    assert isinstance(whole, TripletData)
    assert whole.digest == again.digest
    folder = copy(zappos, tmp_path / "other")
    path = folder / "tripletlists" / "heel_tripletlist_val.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[1], lines[0], *lines[2:]]))
    other = load_triplet_data(folder, SIDE, 36, tmp_path)
    assert len({whole.digest, part.digest, other.digest}) == 3
