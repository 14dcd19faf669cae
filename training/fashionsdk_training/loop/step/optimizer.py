"""The optimiser of a run: its parameter groups, their learning rates, and what is frozen in which epoch."""

from collections import defaultdict

from torch import nn
from torch.optim import Adam, AdamW, Optimizer

from fashionsdk_training.config import Optimisation, TrainConfig
from fashionsdk_training.loop.step.criterion import Criterion
from fashionsdk_training.loop.step.schedule import rate_at
from fashionsdk_training.models import ASENPlusPlus, CAMNetwork, LevelsBackbone


def build_optimizer(criterion: Criterion, settings: Optimisation) -> Optimizer:
    """Return the optimiser; a group's parameters learn alike: a backbone's, CAM's colours', its queries, the rest.

    Each group has two entries of ours: ``peak``, its highest learning rate, and ``is_global``, ASEN++'s global branch.
    """
    shares, branch = _shares(criterion, settings), _global_branch(criterion)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = defaultdict(list)
    for parameter in criterion.parameters():
        groups[shares.get(id(parameter), 1.0), id(parameter) in branch].append(parameter)
    described = [
        {"params": parameters, "peak": settings.learning_rate * share, "is_global": is_global}
        for (share, is_global), parameters in groups.items()
    ]
    if settings.optimizer == "adam":
        return Adam(described, lr=settings.learning_rate)
    return AdamW(described, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def _shares(criterion: Criterion, settings: Optimisation) -> dict[int, float]:
    """Return the highest learning rates as shares of the settings', of parameters by identity; 1 where it has none."""
    model = criterion.model
    shares = dict.fromkeys(_identities(*model.backbones()), settings.backbone_rate)
    if isinstance(model, CAMNetwork):
        if model.colours is not None:
            shares |= dict.fromkeys(_identities(model.colours), settings.colour_rate)
        if model.where is not None:
            shares[id(model.where)] = settings.query_rate
    return shares


def _global_branch(criterion: Criterion) -> set[int]:
    model = criterion.model
    if not isinstance(model, ASENPlusPlus):
        return set()
    # The table that both branches share belongs to the global one in the original.
    return _identities(model.global_branch, model.attribute_embedding)


def _identities(*modules: nn.Module) -> set[int]:
    return {id(parameter) for module in modules for parameter in module.parameters()}


def set_rates(optimizer: Optimizer, epoch: float, config: TrainConfig) -> None:
    """Set each group's learning rate for ``epoch`` (fractional, from 0)."""
    settings = config.optimisation
    for group in optimizer.param_groups:
        share = settings.global_rate if group["is_global"] and epoch >= settings.global_epochs else 1.0
        group["lr"] = group["peak"] * share * rate_at(epoch, config.epochs, settings)


def highest_rate(optimizer: Optimizer) -> float:
    """Return the highest learning rate of the groups."""
    return max(float(group["lr"]) for group in optimizer.param_groups)


def freeze_for_epoch(criterion: Criterion, epoch: int, settings: Optimisation) -> None:
    """Put ``criterion`` into train mode and freeze what does not learn in ``epoch``.

    The backbones are frozen in the first ``frozen_epochs``, CAM's ``frozen_parts`` always, ASEN++'s local branch in the
    first ``global_epochs``.
    """
    model = criterion.model
    local: list[nn.Module] = [model.local_branch] if isinstance(model, ASENPlusPlus) else []
    local += [] if criterion.local_proxy is None else [criterion.local_proxy]
    criterion.train()
    for part in local:
        part.requires_grad_()
    for backbone in model.backbones():
        backbone.train(epoch >= settings.frozen_epochs)
        backbone.requires_grad_(epoch >= settings.frozen_epochs)
        for layer in backbone.modules() if settings.frozen_statistics else ():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.eval()
        if isinstance(backbone, LevelsBackbone):
            backbone.freeze_first_parts(settings.frozen_parts)
    criterion.global_only = epoch < settings.global_epochs
    for part in local if criterion.global_only else ():
        part.eval().requires_grad_(False)
