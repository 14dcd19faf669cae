"""The importer of the originals' files: any size of them, nothing but them, and what is left out is said."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fashionsdk.attributes import Attribute
from fashionsdk_training import garments
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.originals import embed_pictures, import_original
from fashionsdk_training.originals.cli import main
from fashionsdk_training.originals.resnet import name_resnet
from tests.golden import originals, reference

TOLERANCE = 1e-5  # of the largest value, as for the golden arrays; 2e-6 measured
STEPS_COSINE = 0.999  # of one step of ASEN++ and the originals' two on a photo; 0.9998 measured
STEPS_RANKS = 0.98  # share of pairs of photos in the same order after either; 0.997 measured
SMALL = {"attributes": 2, "backbone": "resnet18", "local": "resnet18"}


def small_file(folder, model, name="original.pth.tar", **changes):
    return originals.write(folder / name, model, originals.formula_state(model, **SMALL) | changes)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small file of every program."""
    folder = tmp_path_factory.mktemp("originals")
    return {model: small_file(folder, model, f"{model}.pth.tar") for model in originals.PROGRAMS}


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
        ("asen_v2", 2, "resnet101", 4),
        ("csn", 12, "resnet18", 5),
        ("ag_man", 4, "resnet18", 6),
        ("ag_man", 3, "resnet34", 8),
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
    ("attributes", "backbone", "local", "seed"), [(3, "resnet18", "resnet34", 2), (5, "resnet50", "resnet18", 9)]
)
def test_any_size_of_asen_pp_computes_what_the_formulas_say(attributes, backbone, local, seed, tmp_path):
    state = originals.formula_state("asen_pp", attributes, backbone, local, seed)
    file, out = originals.write(tmp_path / "a.pth.tar", "asen_pp", state), tmp_path / "out"
    assert main([str(file), "--model", "asen_pp", "--out", str(out)]) == 0
    model = Checkpoint.load(out).build()
    for name, net in (("global", backbone), ("local", local)):
        encoded = getattr(model, f"{name}_branch").encode(pixels())
        assert_answers(encoded, reference.branch_answers(state, name, net, pixels(), attributes))
    picture = Image.effect_noise((310, 270), 90).convert("RGB")
    assert_close(embed_pictures(model, [picture])[0], reference.two_steps(state, (backbone, local), picture, attributes))


@torch.inference_mode()
@pytest.mark.parametrize("gate", [-0.8, 0.0])
def test_ag_man_takes_the_maximum_over_channels_of_each_attributes_own_map(gate, tmp_path):
    """The largest product is that of the smallest value where the learnt gate is negative."""
    state = originals.formula_state("ag_man", **SMALL) | {"embeddingnet.w1": torch.tensor([gate])}
    encoded = import_original(originals.write(tmp_path / "a.pth.tar", "ag_man", state), "ag_man").checkpoint.build()
    answers = reference.answers("ag_man", state, "resnet18", pixels(), SMALL["attributes"])
    attention = np.stack([[answer.attention for answer in row] for row in answers])
    np.testing.assert_allclose(encoded.encode(pixels()).attention, attention, rtol=0, atol=1e-6)
    if gate:  # with all attention zero, so is the vector
        assert_answers(encoded.encode(pixels()), answers)


@torch.inference_mode()
def test_one_step_of_asen_pp_ranks_photos_as_the_originals_two(files):
    checkpoint = import_original(files["asen_pp"], "asen_pp").checkpoint
    model = checkpoint.build()
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


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_a_resnet_is_known_by_its_parameters_names(name):
    assert name_resnet(set(originals.shapes("csn", 1, name, "")) | set(originals._torchvision(name))) == name


def test_a_backbone_of_another_kind_is_an_error():
    with pytest.raises(CheckpointError, match=r"\(2, 2, 0\) blocks of two .*expected resnet18"):
        name_resnet({f"layer{stage}.{block}.conv1.weight" for stage in (1, 2) for block in (0, 1)})


@pytest.mark.parametrize("model", originals.PROGRAMS)
def test_what_the_network_never_reads_is_left_out_and_reported(model, tmp_path):
    backbone = "choices.local.basenet." if model == "asen_pp" else reference.BACKBONES[model]
    extra = {f"{backbone}fc.weight": torch.zeros(10, 512)}
    if model != "ag_man":
        extra |= {f"{backbone}layer4.0.conv1.weight": torch.zeros(4)}
    state = originals.formula_state(model, **SMALL)
    imported = import_original(small_file(tmp_path, model, **extra), model)
    unused = {key for key in state | extra if ".fc." in key or (".layer4." in key and model != "ag_man")}
    if model == "asen_pp":
        unused |= {"choices.global.attrnet.attr_embedding.weight"}
    assert set(imported.left_out) == unused
    for key in extra:
        assert {"fc": "fc_embed", "layer4": "layer3"}.get(key.split(".")[-2 if "fc" in key else 2 if model != "asen_pp" else 3], "layer3")
    assert f"left out {len(unused)} tensors" in imported.summary() or len(set(imported.left_out.values())) > 1
    with torch.inference_mode():
        plain = import_original(originals.write(tmp_path / "b.pth.tar", model, state), model).checkpoint
        for key, value in imported.checkpoint.weights.items():
            assert torch.equal(value, plain.weights[key])


def test_asen_pps_table_is_the_one_that_the_original_loads_last(tmp_path):
    key = "choices.global.attrnet.attr_embedding.weight"
    state = originals.formula_state("asen_pp", **SMALL)
    weights = import_original(small_file(tmp_path, "asen_pp", **{key: torch.zeros(2, 512)}), "asen_pp").checkpoint.weights
    assert torch.equal(weights["attribute_embedding.weight"], state["choices.local.attrnet.attr_embedding.weight"])
