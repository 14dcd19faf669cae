"""The content of batches does not depend on threads or processes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.data.augmentation import Augmentation
from fashionsdk_training.data.sampling import GroupSampler, TripletSampler
from fashionsdk_training.loop.loader import Loader, build_loader
from tests.training.conftest import SIDE, tiny_config
from tests.training.loop.runs import ALONE


def test_photos_that_were_laid_otherwise_than_the_settings_say_are_refused(data):
    white = tiny_config(fit="pad")
    for other in (white, tiny_config(side=(48, 32), stored_side=64)):
        with pytest.raises(ValueError, match=r"the photos were read with Preprocessing.*; expected Preprocessing"):
            build_loader(other, data, ALONE)
    padded = replace(data, preprocessing=white.preprocessing)
    with pytest.raises(ValueError, match=r"padding=\(255, 255, 255\).*; expected .*padding=\(9, 9, 9\)"):
        build_loader(tiny_config(fit="pad", padding=(9, 9, 9)), padded, ALONE)
    assert build_loader(white, padded, ALONE).preprocessing == Preprocessing(SIDE, fit="pad")


def loader(data, sampler, rank=0, world=1):
    return Loader(data, sampler, Preprocessing(SIDE), Augmentation(), seed=3, rank=rank, world=world)


def test_a_batch_is_the_augmented_photos_of_its_draw_with_their_labels(data):
    sampler = GroupSampler(data.values, 8, 2, seed=1)
    for index, (draw, batch) in enumerate(zip(sampler.epoch(4), loader(data, sampler).epoch(4), strict=True)):
        expected = [
            Augmentation()(data.photos.pixels[photo], Preprocessing(SIDE), np.random.default_rng((3, 4, index, place)))
            for place, photo in enumerate(draw.images)
        ]
        np.testing.assert_array_equal(batch.images, np.stack(expected))
        np.testing.assert_array_equal(batch.labels, data.values[draw.images])


def test_processes_share_the_batches_of_one(data):
    sampler = GroupSampler(data.values, 8, 2, seed=1)
    alone = [batch.images for batch in loader(data, sampler).epoch(0)]
    shares = [[batch.images for batch in loader(data, sampler, rank, 2).epoch(0)] for rank in range(2)]
    together = [images for pair in zip(*shares, strict=True) for images in pair]
    assert len(together) == len(alone) // 2 * 2
    assert all(torch.equal(a, b) for a, b in zip(together, alone, strict=False))


def test_triplets_come_along(data):
    sampler = TripletSampler(data.values, 9, seed=1)
    for draw, batch in zip(sampler.epoch(0), loader(data, sampler).epoch(0), strict=True):
        np.testing.assert_array_equal(batch.triplets, draw.triplets)
