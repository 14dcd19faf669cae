"""Inference for many callers: photos are admitted, decoded in a pool, gathered into batches and run by one thread."""

from fashionsdk.service.inference._admission import Admission
from fashionsdk.service.inference._batcher import Batcher
from fashionsdk.service.inference._model import Model, Models
from fashionsdk.service.inference._photo_pool import PhotoPool

__all__ = ["Admission", "Batcher", "Model", "Models", "PhotoPool"]
