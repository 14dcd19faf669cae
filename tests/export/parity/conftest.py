"""A manifest as `calibrated` reads it."""

from collections.abc import Callable

import pytest

from fashionsdk import Attribute, Preprocessing
from fashionsdk.bundle import GraphInfo, Manifest, ModelInfo
from fashionsdk.values import Posterior


@pytest.fixture
def manifest_of() -> Callable[[dict[str, Posterior]], Manifest]:
    """Return a function that makes the manifest of a model with two attributes."""

    def make(posteriors: dict[str, Posterior]) -> Manifest:
        return Manifest(
            model=ModelInfo("cam", "none", 6, "0" * 64, posteriors),
            attributes=(Attribute("neckline", ("round", "v")), Attribute("colour", ("blue", "red"))),
            preprocessing=Preprocessing(16),
            attention_shape=None,
            graphs=(GraphInfo("model.fp32.onnx", "fp32", 18, {}),),
        )

    return make
