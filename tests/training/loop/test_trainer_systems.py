"""Every system of the papers trains; ASEN++ does in two stages."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from fashionsdk_training.config import ModelConfig, Objective, Sampling
from fashionsdk_training.loop.run_files.run_log import RunLog
from fashionsdk_training.loop.step.optimizer import freeze_for_epoch, set_rates
from fashionsdk_training.loop.trainer import Trainer
from fashionsdk_training.models import CSN, ASENPlusPlus
from tests.training.conftest import PAPER_SYSTEMS, tiny_config
from tests.training.loop.runs import ALONE, assert_same, tensors, train_in_two_parts

TRIPLETS = {"sampling": Sampling("triplets", batch_size=9), "objective": Objective(proxy_weight=0.0)}


def system_config(system, **changes):
    """Settings of a run of two epochs; ASEN++ has a stage in each."""
    config = tiny_config(**({"model": PAPER_SYSTEMS[system], "epochs": 2} | changes))
    if system != "asen_pp":
        return config
    return replace(config, optimisation=replace(config.optimisation, global_epochs=1, global_rate=0.1))


def copied(module):
    return {key: value.clone() for key, value in module.state_dict().items()}


def moved(before, module):
    return {key for key, value in module.state_dict().items() if not torch.equal(value, before[key])}


@pytest.mark.parametrize("system", PAPER_SYSTEMS)
def test_every_system_trains_and_its_checkpoint_builds(system, data, tmp_path):
    trainer = Trainer(system_config(system), data, tmp_path, ALONE)
    before = copied(trainer.criterion.model)
    checkpoint = trainer.fit()
    model = checkpoint.build()
    assert all(np.isfinite(row["loss"]) for row in checkpoint.history)
    assert checkpoint.metrics["map"] > 0
    assert checkpoint.model == PAPER_SYSTEMS[system]
    still = before.keys() - moved(before, trainer.criterion.model) - {"mean", "std"}
    assert still == ({"masks"} if system == "csn_fixed" else set())
    if isinstance(model, CSN) and system == "csn_fixed":
        assert torch.equal(model.masks, before["masks"])


@pytest.mark.parametrize("changes", [{}, TRIPLETS], ids=["groups", "triplets"])
@pytest.mark.parametrize("system", PAPER_SYSTEMS)
def test_every_trainable_parameter_gets_a_gradient_in_every_stage(system, changes, data, tmp_path):
    """Otherwise distributed training would wait for it for ever."""
    trainer = Trainer(system_config(system, **changes), data, tmp_path, ALONE)
    for epoch in (0, 1):
        criterion = trainer.criterion
        freeze_for_epoch(criterion, epoch, trainer.config.optimisation)
        batch = next(iter(trainer.loader.epoch(epoch)))
        criterion(batch.images, batch.labels, batch.triplets).backward()
        without = [name for name, p in criterion.named_parameters() if p.requires_grad and p.grad is None]
        assert without == []
        criterion.zero_grad(set_to_none=True)


def test_stage_one_of_asen_pp_leaves_the_local_branch_and_stage_two_moves_it(data, tmp_path):
    trainer = Trainer(system_config("asen_pp"), data, tmp_path, ALONE)
    model, proxies = trainer.criterion.model, trainer.criterion.local_proxy
    for epoch, learns in ((0, False), (1, True)):
        local, whole, proxy = copied(model.local_branch), copied(model.global_branch), copied(proxies)
        with RunLog(tmp_path, 2, 1, 0, writes=False) as log:
            trainer._epoch(epoch, log)
        assert moved(local, model.local_branch) == (set(local) if learns else set())
        assert moved(proxy, proxies) == (set(proxy) if learns else set())
        assert moved(whole, model.global_branch) == set(whole)


def test_stage_two_of_asen_pp_slows_the_global_branch_alone(data, tmp_path):
    config = system_config("asen_pp")
    config = replace(
        config, optimisation=replace(config.optimisation, backbone_rate=0.5, schedule="step", warmup_epochs=0)
    )
    trainer = Trainer(config, data, tmp_path, ALONE)
    model = trainer.criterion.model
    assert isinstance(model, ASENPlusPlus)
    probes = {
        "global backbone": next(model.global_branch.backbone.parameters()),
        "global head": model.global_branch.attribute_branch.spatial.weight,
        "local backbone": next(model.local_branch.backbone.parameters()),
        "local head": model.local_branch.attribute_branch.spatial.weight,
        "table": model.attribute_embedding.weight,
    }

    def rates(epoch):
        set_rates(trainer.optimizer, epoch, config)
        return {
            name: group["lr"] / config.optimisation.learning_rate
            for group in trainer.optimizer.param_groups
            for name, probe in probes.items()
            if any(parameter is probe for parameter in group["params"])
        }

    first = {"global backbone": 0.5, "global head": 1, "local backbone": 0.5, "local head": 1, "table": 1}
    assert rates(0.9) == pytest.approx(first)
    assert rates(1.0) == pytest.approx(first | {"global backbone": 0.05, "global head": 0.1, "table": 0.1})


def test_asen_pp_resumes_between_its_stages_bit_for_bit(data, tmp_path):
    config = system_config("asen_pp")
    Trainer(config, data, tmp_path / "whole", ALONE).fit()
    train_in_two_parts(config, data, tmp_path / "parts")
    assert_same(tensors(tmp_path / "whole"), tensors(tmp_path / "parts"))


def test_a_name_with_backbone_in_it_stands_for_a_file_of_each_backbone(data, tmp_path):
    branch = PAPER_SYSTEMS["asen_pp"].local
    assert branch is not None
    local = replace(branch, backbone="test_efficientnet")
    for name in ("test_resnet", "test_efficientnet"):
        state = timm.create_model(name).state_dict()
        save_file({key: value.contiguous() for key, value in state.items()}, tmp_path / f"{name}.safetensors")
    config = system_config("asen_pp", model=replace(PAPER_SYSTEMS["asen_pp"], local=local))
    source = str(tmp_path / "{backbone}.safetensors")
    trainer = Trainer(replace(config, pretrained=source), data, tmp_path, ALONE)
    for backbone in trainer.criterion.model.backbones():
        file = load_file(source.replace("{backbone}", backbone.name))
        values = [value for value in file.values() if value.dim() == 4]
        for value in backbone.state_dict().values():
            assert value.dim() < 4 or any(value.shape == v.shape and torch.equal(value, v) for v in values)


@pytest.mark.parametrize("changes", [{"automatic_weights": True}, {"classification_weight": 0.5}])
def test_ag_man_trains_with_either_weighting(changes, data, tmp_path):
    config = system_config("ag_man", objective=Objective(proxy_weight=0.0, **changes), epochs=1)
    trainer = Trainer(config, data, tmp_path, ALONE)
    trainer.fit()
    weigh = trainer.criterion.weigh
    assert (weigh is not None) == ("automatic_weights" in changes)
    assert weigh is None or (weigh.scales < 1).all()  # as the formula's slopes say


def test_ag_man_trains_on_an_efficientnet(data, tmp_path):
    """The family that recipes for a CPU use, cut at two levels."""
    model = ModelConfig("ag_man", "test_efficientnet", stage=2, common_dimension=16)
    checkpoint = Trainer(tiny_config(model=model, epochs=1), data, tmp_path, ALONE).fit()
    assert np.isfinite(checkpoint.history[0]["loss"])
