"""Recipes have the papers' settings."""

from dataclasses import replace

import pytest
import torch

from fashionsdk import Preprocessing
from fashionsdk_training import recipes
from fashionsdk_training.config import IMAGENET_MEAN, IMAGENET_STD
from fashionsdk_training.models import build_model
from fashionsdk_training.recipes import RECIPES
from tests.golden import originals

PAPERS = [name for name in RECIPES if name.endswith("_paper")]


@pytest.mark.parametrize("name", PAPERS)
def test_a_papers_recipe_is_resnet_50_with_adam_and_step_decay_on_random_triplets(name):
    config = RECIPES[name]()
    model, optimisation = config.model, config.optimisation
    assert (model.backbone, model.stage, model.mean, model.std) == ("resnet50.tv_in1k", 3, IMAGENET_MEAN, IMAGENET_STD)
    assert (optimisation.optimizer, optimisation.learning_rate, optimisation.backbone_rate) == ("adam", 1e-4, 1.0)
    assert (optimisation.schedule, optimisation.step_decay, optimisation.step_epochs) == ("step", 0.9, 3)
    assert (optimisation.warmup_epochs, optimisation.ema_decay, optimisation.mixed_precision) == (0, 0, False)
    assert config.sampling.kind == "triplets"
    assert config.fit == "crop"
    assert config.preprocessing == Preprocessing(448 if name == "asen_pp_paper" else 224)
    assert (config.objective.margin, config.objective.triplet_weight, config.objective.proxy_weight) == (0.2, 1.0, 0.0)
    assert not config.posteriors


def test_asen_pps_recipe_has_its_papers_two_stages():
    config = recipes.asen_pp_paper()
    local = config.model.local
    assert local is not None
    assert (local.backbone, local.threshold, local.beta, local.side, local.global_side) == (
        "resnet34.tv_in1k",
        0.1,
        0.6,
        112,
        224,
    )
    assert (config.epochs - config.optimisation.global_epochs, config.optimisation.global_rate) == (20, 0.1)
    assert config.objective.local_weight == 0.1
    assert config.objective.alignment_weight == pytest.approx(3 * 0.1)  # the original sums over three photos


def test_ag_mans_recipe_weighs_its_losses_automatically():
    assert recipes.ag_man_paper().objective.automatic_weights


def test_the_ablations_leave_out_one_attention():
    whole = recipes.asen_paper().model
    assert recipes.asen_without_asa_paper().model == replace(whole, spatial_attention=False)
    assert recipes.asen_without_aca_paper().model == replace(whole, channel_attention=False)


@pytest.mark.parametrize(
    ("recipe", "model"),
    [("asen", "asen"), ("asen_v2", "asen_v2"), ("csn", "csn"), ("asen_pp", "asen_pp"), ("ag_man", "ag_man")],
)
def test_a_papers_network_has_as_many_parameters_as_the_original(recipe, model):
    with torch.device("meta"):  # shapes only
        ours = build_model(RECIPES[f"{recipe}_paper"]().model, 8)
    listed = originals.shapes(model, 8, "resnet50", "resnet34")
    buffers, unread = ("running_mean", "running_var", "num_batches_tracked"), (".fc.", "global.attrnet")
    read = [key for key in listed if not key.endswith(buffers) and not any(part in key for part in unread)]
    expected = sum(torch.Size(listed[key]).numel() for key in read)
    assert sum(parameter.numel() for parameter in ours.parameters()) == expected


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_a_docstring_for_the_help(name):
    assert (RECIPES[name].__doc__ or "").partition("\n")[0].endswith(".")
    assert getattr(recipes, name) is RECIPES[name]
