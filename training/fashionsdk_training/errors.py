"""Errors of training, part of the SDK's tree."""

from fashionsdk.errors import FashionSDKError


class CheckpointError(FashionSDKError):
    """A checkpoint is missing or damaged, or its keys are not the model's."""


class WeightsError(FashionSDKError):
    """Pretrained weights are missing or do not fit the backbone."""


class TrainingError(FashionSDKError):
    """A run cannot continue: the loss is not a number, or memory is exhausted."""


class DataError(FashionSDKError):
    """The photos or labels cannot be trained on."""
