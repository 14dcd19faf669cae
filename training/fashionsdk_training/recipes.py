"""Named settings: each recipe is a function that returns a config."""

from collections.abc import Callable
from dataclasses import replace

from fashionsdk_training.augmentation import Augmentation
from fashionsdk_training.config import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ModelConfig,
    Objective,
    Optimisation,
    Sampling,
    TrainConfig,
)


def asen_v2_cpu() -> TrainConfig:
    """ASENet_V2 on EfficientNet-Lite0 at 160 pixels: for catalogues of thousands of photos and a few CPU cores."""
    return TrainConfig()


def asen_v2_paper() -> TrainConfig:
    """ASENet_V2 as its paper trains it: ResNet-50, random triplets, Adam at 1e-4, margin 0.2; needs a GPU.

    Ma et al., AAAI 2020, arXiv:2002.02814, section 4.1. Downloads ImageNet weights from timm's hub. An epoch here
    passes as many photos as there are, a third as many triplets.
    """
    return TrainConfig(
        model=ModelConfig(backbone="resnet50", stage=3, mean=IMAGENET_MEAN, std=IMAGENET_STD),
        pretrained="timm",
        side=224,
        stored_side=224,
        epochs=50,
        sampling=Sampling("triplets", batch_size=48),
        objective=Objective(proxy_weight=0.0),
        augmentation=Augmentation(smallest_crop=1.0, brightness=0.0),
        optimisation=Optimisation(
            "adam",
            1e-4,
            backbone_rate=1.0,
            schedule="step",
            step_decay=0.9,
            step_epochs=3,
            warmup_epochs=0,
            ema_decay=0,
            mixed_precision=False,
        ),
    )


def asen_v2_demo() -> TrainConfig:
    """The demo's: a few minutes on two cores and two thousand generated garments.

    The feature map of stride 16 has 10 x 10 positions where stride 32 has 5 x 5: drawn garments differ in small places.
    """
    return replace(asen_v2_cpu(), model=ModelConfig(stage=3), epochs=6)


RECIPES: dict[str, Callable[[], TrainConfig]] = {
    recipe.__name__: recipe for recipe in (asen_v2_cpu, asen_v2_paper, asen_v2_demo)
}
__all__ = ["RECIPES", "asen_v2_cpu", "asen_v2_demo", "asen_v2_paper"]
