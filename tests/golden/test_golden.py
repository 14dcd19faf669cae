"""Every golden array of a network, from the literal reference and from imported checkpoints."""

import numpy as np
import pytest
import torch

from fashionsdk_training.originals.two_step import embed_pictures, region_box
from tests.golden import originals, recipe, reference

TOLERANCE = 1e-5  # of an array's largest value, stricter than the bound that they state; 3e-6 measured
SEED, ATTRIBUTES = recipe.recipe()["image_seed"], recipe.recipe()["n_attributes"]
ONE_BRANCH = [model for model in originals.PROGRAMS if model != "asen_pp"]
PICTURES = [recipe.photo(SEED + 10 + i, size) for i, size in enumerate([(300, 400), (400, 300), (256, 256)])]
BRANCHES = {"global": ("resnet50", recipe.images(SEED)), "local": ("resnet34", recipe.images(SEED + 1, side=112))}


def assert_close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


def stacked(answers, field):
    return np.stack([[getattr(answer, field).numpy() for answer in row] for row in answers])


@pytest.mark.parametrize("model", originals.PROGRAMS)
def test_the_shapes_of_a_file_follow_from_its_programs_rules(model):
    listed = recipe.recipe()[originals.PROGRAMS[model]]["keys"]
    assert originals.shapes(model, ATTRIBUTES, "resnet50", "resnet34") == {k: tuple(v) for k, v in listed.items()}


@pytest.mark.parametrize("model", ONE_BRANCH)
def test_the_reference_computes_what_the_original_does(model, golden):
    state, name = originals.formula_state(model), originals.PROGRAMS[model]
    pixels = torch.from_numpy(recipe.images(SEED))
    answers = reference.answers(model, state, "resnet50", pixels, ATTRIBUTES)
    assert_close(stacked(answers, "embedding"), golden[f"{name}.embeddings"])
    if model != "csn":
        assert_close(stacked(answers, "attention"), golden[f"{name}.attention"])
    if model == "ag_man":
        for a in range(ATTRIBUTES):  # the logits do not depend on the attribute asked for
            assert_close(stacked(answers, "class_logits")[:, a], golden["AG_MAN.class_logits"])


def test_the_reference_computes_what_asen_pp_does(golden):
    state = originals.formula_state("asen_pp")
    for name, (backbone, images) in BRANCHES.items():
        answers = reference.branch_answers(state, name, backbone, torch.from_numpy(images), ATTRIBUTES)
        assert_close(stacked(answers, "embedding"), golden[f"ASENpp.{name}.embeddings"])
        if name == "global":
            assert_close(stacked(answers, "attention"), golden["ASENpp.global.attention"])
    embedded = reference.two_steps(state, ("resnet50", "resnet34"), PICTURES[0], ATTRIBUTES)
    assert_close(embedded, golden["ASENpp.end_to_end.embeddings"][0])


@torch.inference_mode()
@pytest.mark.parametrize("model", ONE_BRANCH)
def test_an_imported_network_computes_what_the_original_does(model, imported, golden):
    name = originals.PROGRAMS[model]
    encoded = imported(model).checkpoint.build().encode(torch.from_numpy(recipe.images(SEED)))
    assert_close(encoded.embeddings, golden[f"{name}.embeddings"])
    for field, tensor in (("attention", encoded.attention), ("class_logits", encoded.class_logits)):
        assert (tensor is not None) == (f"{name}.{field}" in golden)
        if tensor is not None:
            assert_close(tensor, golden[f"{name}.{field}"])


@torch.inference_mode()
def test_an_imported_asen_pp_computes_what_the_original_does(imported, golden):
    model = imported("asen_pp").checkpoint.build()
    for name, (_, images) in BRANCHES.items():
        encoded = getattr(model, f"{name}_branch").encode(torch.from_numpy(images))
        assert_close(encoded.embeddings, golden[f"ASENpp.{name}.embeddings"])
        if name == "global":
            assert_close(encoded.attention, golden["ASENpp.global.attention"])
    assert_close(embed_pictures(model, PICTURES), golden["ASENpp.end_to_end.embeddings"])


def boxes(golden):
    for index, threshold, *numbers in golden["ASENpp.boxes"]:
        width, height, *box = (int(number) for number in numbers)
        yield golden["ASENpp.boxes.maps"][int(index)], float(threshold), (width, height), tuple(box)


def test_every_region_box_is_the_originals_to_the_pixel(golden):
    listed = list(boxes(golden))
    got = [region_box(torch.from_numpy(attention), threshold, size, 224) for attention, threshold, size, _ in listed]
    assert got == [box for *_, box in listed]
    assert len(got) == 240


def test_the_reference_finds_every_region_box(golden):
    for attention, threshold, size, box in boxes(golden):
        assert reference.region(attention, threshold, size) == box
