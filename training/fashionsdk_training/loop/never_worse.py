"""A checkpoint that does not lose to linear classifiers: weights between the start of training and its end.

Wortsman et al., CVPR 2022, arXiv:2109.01903 (WiSE-FT): averages of the weights before and after fine-tuning work as
networks. A CAM network starts as the linear classifiers, so some share of training loses nothing on any attribute.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from fashionsdk._tools.printable_text import printable
from fashionsdk.evaluation import Evaluation, paired_bootstrap
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.data import TrainingData
from fashionsdk_training.loop.validation import validate

SHARES = (0.85, 0.7, 0.5, 0.3, 0.15)  # of training, tried in this order if the whole of it loses an attribute
SHARE = "share_of_training"  # the metric that says which was taken

logger = logging.getLogger(__name__)


def never_worse(
    best: Checkpoint,
    start: Mapping[str, Tensor],
    evaluation: Evaluation,
    baseline: Evaluation,
    data: TrainingData,
    device: torch.device,
    seed: int,
) -> tuple[Checkpoint, Evaluation]:
    """Return the largest share of training that loses to the baseline on no attribute; call it if all of it does.

    An attribute is lost where the paired bootstrap over queries says so. If every share loses one, what is returned is
    the start itself, with the classifiers' probabilities alone as embeddings: the baseline.

    Args:
        best: a CAM network after training.
        start: its weights before training.
        evaluation: of ``best`` on the validation split.
        baseline: of the linear classifiers that it started from.
        data: photos and labels.
        device: where it is evaluated.
        seed: of the bootstrap.
    """
    lost = lost_attributes(baseline, evaluation, seed)
    for share in SHARES:
        candidate = replace(best, weights=between(start, best.weights, share))
        result, still = _evaluated(candidate, baseline, data, device, seed)
        if not still:
            break
    else:
        share = 0.0
        settings = replace(best.model, posterior_scale=1.0, posterior_weight=1.0)
        candidate = replace(best, model=settings, weights=between(start, best.weights, share))
        result, _ = _evaluated(candidate, baseline, data, device, seed)
    names = ", ".join(printable(name) for name in lost)
    logger.info(
        "training lost to linear classifiers on %s: the checkpoint holds %.0f %% of training, the rest is its start",
        names,
        100 * share,
    )
    scores = (result.overall, *result.attributes)
    figures = dict(zip(("map", *(f"map/{each.attribute}" for each in result.attributes)), scores, strict=True))
    metrics = {**best.metrics, **{name: each.map for name, each in figures.items()}, SHARE: share}
    return replace(candidate, metrics=metrics), result


def lost_attributes(baseline: Evaluation, trained: Evaluation, seed: int) -> list[str]:
    """Return the attributes on which ``trained`` is below ``baseline`` by more than chance."""
    comparison = paired_bootstrap(baseline, trained, seed)
    return [each.attribute for each in comparison.attributes if each.verdict == "lost"]


def between(start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return the weights at ``share`` of the way from ``start`` to ``end``; counters are those of the end."""
    return {
        name: torch.lerp(start[name].to(value), value, share) if value.is_floating_point() else value
        for name, value in end.items()
    }


def _evaluated(
    checkpoint: Checkpoint, baseline: Evaluation, data: TrainingData, device: torch.device, seed: int
) -> tuple[Evaluation, list[str]]:
    result = validate(checkpoint.build().to(device), data).evaluation
    assert result is not None, "data with a baseline have queries"
    return result, lost_attributes(baseline, result, seed)
