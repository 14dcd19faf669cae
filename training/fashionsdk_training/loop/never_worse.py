"""A checkpoint that does not lose to linear classifiers: parts of it become such again, or all of it goes back to them.

A CAM network starts as the linear classifiers. An attribute that training loses first gets linear classifiers fitted
anew, on features that are trained for all. If one still loses, weights between the start of training and its end are
tried, with the start's classifiers: Wortsman et al., CVPR 2022, arXiv:2109.01903 (WiSE-FT), averages of the weights
before and after fine-tuning work as networks. At the start itself nothing is lost.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from fashionsdk._tools.printable_text import printable
from fashionsdk.evaluation import Evaluation, paired_bootstrap
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.data import TrainingData
from fashionsdk_training.loop.linear_weights import LinearWeights
from fashionsdk_training.loop.validation import validate
from fashionsdk_training.models import CAMNetwork

SHARES = (0.85, 0.7, 0.5, 0.3, 0.15)  # of training, tried in this order once all of it loses an attribute
SHARE = "share_of_training"  # the metric that says which was taken
SLACK = 0.1  # points of MAP: less is no loss, however sure it is

logger = logging.getLogger(__name__)


def never_worse(
    best: Checkpoint,
    linear: LinearWeights,
    evaluation: Evaluation,
    baseline: Evaluation,
    data: TrainingData,
    device: torch.device,
    seed: int,
) -> tuple[Checkpoint, Evaluation]:
    """Return the largest share of training that loses to the baseline on no attribute; call it if all of it does.

    An attribute is lost where the paired bootstrap over queries says so, by more than ``SLACK``. The attributes that
    training loses get linear classifiers, whose probabilities alone are their embeddings. If every share loses one,
    what is returned is the start itself, all of whose attributes are so: the baseline.

    Args:
        best: a CAM network after training.
        linear: fits linear classifiers, those of the start and others.
        evaluation: of ``best`` on the validation split.
        baseline: of the linear classifiers that it started from.
        data: photos and labels.
        device: where it is evaluated.
        seed: of the bootstrap.
    """
    names = [attribute.name for attribute in best.attributes]
    lost = [names.index(name) for name in lost_attributes(baseline, evaluation, seed)]
    for share, candidate in _candidates(best, linear, lost):
        result = _evaluated(candidate, data, device)
        if not share or not lost_attributes(baseline, result, seed):
            break
    logger.info(
        "training lost to linear classifiers on %s, which get such again; the checkpoint holds %.0f %% of training",
        ", ".join(printable(names[a]) for a in (lost if share else range(len(names)))),
        100 * share,
    )
    scores = (result.overall, *result.attributes)
    figures = dict(zip(("map", *(f"map/{each.attribute}" for each in result.attributes)), scores, strict=True))
    metrics = {**best.metrics, **{name: each.map for name, each in figures.items()}, SHARE: share}
    return replace(candidate, metrics=metrics), result


def _candidates(best: Checkpoint, linear: LinearWeights, lost: Sequence[int]) -> Iterator[tuple[float, Checkpoint]]:
    """Yield shares of training with their checkpoints; the last is the baseline."""
    yield 1.0, _plain(best, linear.refitted(best, lost), lost)
    start = linear.pretrained()
    for share in (*SHARES, 0.0):
        plain = lost if share else range(len(best.attributes))
        weights = between(start, best.weights, share)
        for name in CAMNetwork.BY_ATTRIBUTE:
            if name in weights:
                weights[name] = weights[name].clone()
                weights[name][list(plain)] = start[name][list(plain)].to(weights[name])
        yield share, _plain(best, weights, plain)


def _plain(best: Checkpoint, weights: Mapping[str, Tensor], attributes: Iterable[int]) -> Checkpoint:
    """Return a checkpoint with other weights, in which these attributes' embeddings are probabilities alone."""
    return replace(best, model=replace(best.model, plain=tuple(attributes)), weights=weights)


def lost_attributes(baseline: Evaluation, trained: Evaluation, seed: int) -> list[str]:
    """Return the attributes on which ``trained`` is below ``baseline`` by more than chance and ``SLACK``."""
    comparison = paired_bootstrap(baseline, trained, seed)
    return [each.attribute for each in comparison.attributes if each.verdict == "lost" and each.difference < -SLACK]


def between(start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return the weights at ``share`` of the way from ``start`` to ``end``; counters are those of the end."""
    return {
        name: torch.lerp(start[name].to(value), value, share) if value.is_floating_point() else value
        for name, value in end.items()
    }


def _evaluated(checkpoint: Checkpoint, data: TrainingData, device: torch.device) -> Evaluation:
    result = validate(checkpoint.build().to(device), data).evaluation
    assert result is not None, "data with a baseline have queries"
    return result
