"""Checkpoints of the originals of any size, against the formulas computed one image and attribute at a time."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fashionsdk_training import garments
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli.import_original_command import main
from fashionsdk_training.models import ASENPlusPlus
from fashionsdk_training.originals.convert import import_original
from fashionsdk_training.originals.two_step import embed_pictures
from tests.golden import originals, reference

TOLERANCE = 1e-5  # of the largest value, as for the golden arrays; 2e-6 measured
STEPS_COSINE = 0.998  # of one step of ASEN++ and the original's two, which rounds pixels; 0.9992 measured
STEPS_RANKS = 0.98  # share of pairs of photos in the same order after either; 0.996 measured, 0.76 of mirrored photos
SELECTIVE = 0.85  # threshold: with formula-filled weights the regions at 0.1 are whole photos, at this 20 to 448 pixels
SMALL: dict[str, Any] = {"attributes": 2, "backbone": "resnet18", "local": "resnet18"}


def pixels(count=2, side=96, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, 3, side, side)).astype(np.float32))


def assert_close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE * float(np.abs(expected).max()))


def assert_answers(encoded, answers):
    for field, tensor in zip(reference.Answer._fields, encoded, strict=False):
        values = [[getattr(answer, field) for answer in row] for row in answers]
        if values[0][0] is None:
            assert tensor is None
        elif field == "class_logits":
            assert_close(tensor, np.stack([row[0] for row in values]))
        else:
            assert_close(tensor, np.stack([np.stack(row) for row in values]))


@torch.inference_mode()
@pytest.mark.parametrize(
    ("model", "attributes", "backbone", "seed"),
    [
        ("asen", 3, "resnet18", 7),
        ("asen", 1, "resnet34", 2),
        ("asen_v2", 5, "resnet34", 3),
        ("csn", 12, "resnet18", 5),
        ("ag_man", 4, "resnet18", 6),
    ],
)
def test_any_size_of_a_program_computes_what_the_formulas_say(model, attributes, backbone, seed, tmp_path):
    state = originals.formula_state(model, attributes, backbone, seed=seed)
    file, out = originals.write(tmp_path / "a.pth.tar", model, state), tmp_path / "out"
    assert main([str(file), "--model", model, "--out", str(out)]) == 0
    encoded = Checkpoint.load(out).build().encode(pixels())
    assert_answers(encoded, reference.answers(model, state, backbone, pixels(), attributes))


@torch.inference_mode()
@pytest.mark.parametrize(
    ("attributes", "backbone", "local", "seed"), [(3, "resnet18", "resnet34", 2), (5, "resnet34", "resnet18", 9)]
)
def test_any_size_of_asen_pp_computes_what_the_formulas_say(attributes, backbone, local, seed, tmp_path):
    state = originals.formula_state("asen_pp", attributes, backbone, local, seed)
    file, out = originals.write(tmp_path / "a.pth.tar", "asen_pp", state), tmp_path / "out"
    assert main([str(file), "--model", "asen_pp", "--out", str(out)]) == 0
    model = Checkpoint.load(out).build()
    assert isinstance(model, ASENPlusPlus)
    for name, net in (("global", backbone), ("local", local)):
        encoded = getattr(model, f"{name}_branch").encode(pixels())
        assert_answers(encoded, reference.branch_answers(state, name, net, pixels(), attributes))
    picture = Image.effect_noise((310, 270), 90).convert("RGB")
    expected = reference.two_steps(state, (backbone, local), picture, attributes)
    assert_close(embed_pictures(model, [picture])[0], expected.numpy())


@torch.inference_mode()
def test_ag_man_takes_the_maximum_over_channels_of_each_attributes_own_map(tmp_path):
    """The largest product is that of the smallest value where the learnt gate is negative."""
    state = originals.formula_state("ag_man", **SMALL) | {"embeddingnet.w1": torch.tensor([-0.8])}
    file = originals.write(tmp_path / "a.pth.tar", "ag_man", state)
    encoded = import_original(file, "ag_man").checkpoint.build().encode(pixels())
    assert encoded.attention is not None
    assert (encoded.attention < 0).all()
    assert_answers(encoded, reference.answers("ag_man", state, "resnet18", pixels(), SMALL["attributes"]))


@torch.inference_mode()
def test_one_step_of_asen_pp_ranks_photos_as_the_originals_two(tmp_path):
    file = originals.write(tmp_path / "a.pth.tar", "asen_pp", originals.formula_state("asen_pp", **SMALL))
    checkpoint = import_original(file, "asen_pp", threshold=SELECTIVE).checkpoint
    model = checkpoint.build()
    assert isinstance(model, ASENPlusPlus)
    photos = [garments.draw(index, seed=5, side=448).image for index in range(10)]
    two = embed_pictures(model, photos).numpy()
    one = model(torch.from_numpy(np.stack([checkpoint.preprocessing(photo) for photo in photos]))).embeddings.numpy()
    assert (one * two).sum(axis=-1).min() > STEPS_COSINE
    agree = [
        (one[i, a] @ one[j, a] > one[i, a] @ one[k, a]) == (two[i, a] @ two[j, a] > two[i, a] @ two[k, a])
        for a in range(one.shape[1])
        for i in range(len(photos))
        for j in range(len(photos))
        for k in range(j)
        if i not in (j, k)
    ]
    assert np.mean(agree) > STEPS_RANKS
