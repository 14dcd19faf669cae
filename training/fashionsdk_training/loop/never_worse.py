"""A checkpoint that does not lose to linear classifiers: parts of it become such again, or all of it goes back to them.

A CAM network starts as the linear classifiers. An attribute that is behind them after training gets linear classifiers
fitted anew, on features that are trained for all, where these are better. If one still loses, weights between the start
of training and its end are tried, with the start's classifiers: Wortsman et al., CVPR 2022, arXiv:2109.01903 (WiSE-FT),
averages of the weights before and after fine-tuning work as networks. At the start itself nothing is lost.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from fashionsdk._tools.printable_text import printable
from fashionsdk.attributes import select
from fashionsdk.evaluation import Evaluation, paired_bootstrap
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.loop.linear_weights import LinearWeights
from fashionsdk_training.loop.validation import ValidationResult, validate
from fashionsdk_training.models import CAMNetwork

SHARES = (0.85, 0.7, 0.5, 0.3, 0.15)  # of training, tried in this order once all of it loses an attribute
SHARE = "share_of_training"  # the metric that says which was taken
SLACK = 0.1  # points of MAP: less is no loss, however sure it is

logger = logging.getLogger(__name__)


def never_worse(
    best: Checkpoint, linear: LinearWeights, evaluation: Evaluation, baseline: Evaluation
) -> tuple[Checkpoint, Evaluation]:
    """Return a checkpoint that loses to the baseline on no attribute: ``best`` itself if none is behind.

    The attributes that are behind get linear classifiers on the trained features, where these are better; their
    embeddings are the probabilities alone. If one is lost all the same, it is the largest share of training, on the way
    from its start, that loses none. If every share loses one, it is the start itself: the baseline.

    Args:
        best: a CAM network after training.
        linear: fits linear classifiers to the run's photos, those of the start and others.
        evaluation: of ``best`` on the validation split.
        baseline: of the linear classifiers that it started from.
    """
    seed, share = linear.config.seed, 1.0
    behind = behind_attributes(baseline, evaluation, seed)
    if not behind:
        return best, evaluation
    candidate, result = _refitted(best, linear, evaluation, behind)
    if lost := lost_attributes(baseline, result, seed):
        share, candidate, result = _taken_back(best, linear, baseline, lost)
    metrics = {**best.metrics, **ValidationResult.of(result).metrics(), SHARE: share}
    return replace(candidate, metrics=metrics), result


def _refitted(
    best: Checkpoint, linear: LinearWeights, evaluation: Evaluation, behind: Sequence[str]
) -> tuple[Checkpoint, Evaluation]:
    """Return a checkpoint in which the attributes that are behind have linear classifiers, if these are better."""
    places = _places(best, behind)
    weights = linear.refitted(best, places)
    candidate = _with_linear(best, best.weights, weights, places)
    result = _evaluated(candidate, linear)
    better = [name for name in behind if result.maps[name] > evaluation.maps[name]]
    if not better:
        return best, evaluation
    logger.info("linear classifiers on the trained features are better on %s, which gets them", _listed(better))
    if better == behind:
        return candidate, result
    candidate = _with_linear(best, best.weights, weights, _places(best, better))
    return candidate, _evaluated(candidate, linear)


def _taken_back(
    best: Checkpoint, linear: LinearWeights, baseline: Evaluation, lost: Sequence[str]
) -> tuple[float, Checkpoint, Evaluation]:
    """Return the largest share of training that loses no attribute, where those lost have the start's classifiers."""
    start = linear.pretrained()
    for share in (*SHARES, 0.0):
        plain = _places(best, lost) if share else range(len(best.attributes))
        candidate = _with_linear(best, between(start, best.weights, share), start, plain)
        result = _evaluated(candidate, linear)
        if not lost_attributes(baseline, result, linear.config.seed):
            break
    text = "training lost to linear classifiers on %s, which keep those; the checkpoint holds %.0f %% of training"
    logger.info(text, _listed(lost), 100 * share)
    return share, candidate, result


def _with_linear(
    best: Checkpoint, weights: Mapping[str, Tensor], linear: Mapping[str, Tensor], attributes: Sequence[int]
) -> Checkpoint:
    """Return a checkpoint with ``weights``, and with the classifiers of ``linear`` for some attributes.

    These attributes' embeddings are probabilities alone, as are those that already were: a run that is continued after
    its end is settled again.
    """
    mixed, plain = dict(weights), list(attributes)
    for name in CAMNetwork.BY_ATTRIBUTE:
        if name in mixed:
            mixed[name] = mixed[name].clone()
            mixed[name][plain] = linear[name][plain].to(mixed[name])
    model = replace(best.model, plain=tuple(sorted({*best.model.plain, *plain})))
    return replace(best, model=model, weights=mixed)


def behind_attributes(baseline: Evaluation, trained: Evaluation, seed: int) -> list[str]:
    """Return the attributes on which ``trained`` is below ``baseline`` by more than ``SLACK``, by chance or not."""
    return _below(baseline, trained, seed, ("lost", "no difference"))


def lost_attributes(baseline: Evaluation, trained: Evaluation, seed: int) -> list[str]:
    """Return the attributes on which ``trained`` is below ``baseline`` by more than chance and ``SLACK``."""
    return _below(baseline, trained, seed, ("lost",))


def _below(baseline: Evaluation, trained: Evaluation, seed: int, verdicts: Sequence[str]) -> list[str]:
    attributes = paired_bootstrap(baseline, trained, seed).attributes
    return [each.attribute for each in attributes if each.verdict in verdicts and each.difference < -SLACK]


def _places(checkpoint: Checkpoint, names: Sequence[str]) -> list[int]:
    return list(select([attribute.name for attribute in checkpoint.attributes], names))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(printable(name) for name in names)


def between(start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return the weights at ``share`` of the way from ``start`` to ``end``; counters are those of the end."""
    return {
        name: torch.lerp(start[name].to(value), value, share) if value.is_floating_point() else value
        for name, value in end.items()
    }


def _evaluated(checkpoint: Checkpoint, linear: LinearWeights) -> Evaluation:
    result = validate(checkpoint.build().to(linear.device), linear.data).evaluation
    assert result is not None, "data with a baseline have queries"
    return result
