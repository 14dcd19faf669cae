"""Named settings: each recipe is a function that returns a config.

The ``..._paper`` recipes have the papers' settings. With the papers' data they reproduce a row of their tables:
ResNet-50 cut after its third stage, random triplets with a margin of 0.2, Adam at 1e-4 times 0.9 every three epochs.
They need a GPU, and download ImageNet weights from timm's hub unless ``--pretrained`` names a file. An epoch draws
100,000 triplets, as in the papers' programs.
"""

from collections.abc import Callable
from dataclasses import replace

from fashionsdk_training.config import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    LocalBranch,
    ModelConfig,
    Objective,
    Optimisation,
    Sampling,
    TrainConfig,
    systems,
)
from fashionsdk_training.data import Augmentation

# torchvision's first weights, with which the papers' programs start. timm's plain names mean newer ones.
_PAPER_MODEL = ModelConfig(backbone="resnet50.tv_in1k", stage=3, mean=IMAGENET_MEAN, std=IMAGENET_STD)
_PAPER_LOCAL = LocalBranch(backbone="resnet34.tv_in1k")


def cam_cpu() -> TrainConfig:
    """CAM on EfficientNet-Lite0 at 208 pixels, whole photos: the default, for catalogues of hundreds to thousands.

    It starts from linear classifiers on frozen features. The backbone's stem and first three stages do not learn. A
    query for each attribute says where its features are averaged, and boxes can move it. Another one pools colours.
    In training photos are shown a quarter larger to a fifth smaller than later, half of them with a rectangle erased.
    """
    return TrainConfig(
        model=ModelConfig(
            "cam",
            stage=3,
            embedding_dimension=64,
            posterior_scale=1.0,
            posterior_weight=0.9,
            attention_focus=0.25,
            feature_dropout=0.2,
            question_power=4.0,
            colour_tones=5,
            colour_space="lab",
            colour_dropout=0.3,
            position_queries=True,
        ),
        side=208,
        stored_side=240,
        fit="pad",
        epochs=10,
        sampling=Sampling("photos", batch_size=32, least_batches=50),
        objective=Objective(triplet_weight=0.0, proxy_weight=0.0),
        augmentation=Augmentation(smallest_crop=0.8, largest_crop=1.25, erased=0.5),
        optimisation=Optimisation(
            learning_rate=3e-4,
            backbone_rate=1.0,
            colour_rate=10.0,
            query_rate=3.0,
            frozen_statistics=True,
            frozen_parts=4,
            clip_norm=5.0,
        ),
    )


def cam_large_cpu() -> TrainConfig:
    """CAM on EfficientNet-Lite2 at 256 pixels, whole photos: slower than the default and better, for a few cores."""
    config = cam_cpu()
    return replace(config, model=replace(config.model, backbone="tf_efficientnet_lite2"), side=256, stored_side=296)


def cam_gpu() -> TrainConfig:
    """CAM on ConvNeXt-T at 288 pixels, whole photos: for one GPU with bfloat16 and thousands of photos.

    Every layer learns. It is planned for about an hour on one card; neither its time nor its MAP was measured yet.
    """
    config = cam_cpu()
    backbone = replace(
        config.model,
        backbone="convnext_tiny.fb_in22k_ft_in1k",  # Apache-2.0
        stage=2,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    )
    return replace(
        config,
        model=backbone,
        pretrained="timm",
        side=288,
        stored_side=332,
        epochs=20,
        sampling=Sampling("photos", batch_size=64, least_batches=100),
        optimisation=replace(
            config.optimisation, backbone_rate=0.2, frozen_statistics=False, frozen_parts=0, drop_path=0.1
        ),
    )


def asen_v2_cpu() -> TrainConfig:
    """ASENet_V2 on EfficientNet-Lite0 at 160 pixels: for catalogues of thousands of photos and a few CPU cores."""
    return TrainConfig(posteriors=True)


def asen_v2_demo() -> TrainConfig:
    """The demo's settings: a few minutes on two cores with two thousand generated garments.

    The feature map has stride 16, 10 x 10 positions, because drawn garments differ in small places. Scenes that are no
    squares are seen whole.
    """
    return replace(asen_v2_cpu(), model=ModelConfig(stage=3), epochs=6, fit="pad")


def _paper(system: str) -> TrainConfig:
    return TrainConfig(
        model=systems(_PAPER_MODEL, _PAPER_LOCAL)[system],
        pretrained="timm",
        side=224,
        stored_side=224,
        fit="crop",
        epochs=50,
        sampling=Sampling("triplets", batch_size=48, triplets_an_epoch=100_000),
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


def triplet_paper() -> TrainConfig:
    """The triplet network of the papers' tables: one embedding for all attributes."""
    return _paper("triplet")


def csn_paper() -> TrainConfig:
    """CSN with learnt masks, as the ASEN paper trains it (Ma et al., AAAI 2020, arXiv:2002.02814, section 4.2)."""
    return _paper("csn")


def asen_paper() -> TrainConfig:
    """ASEN as its paper trains it (Ma et al., AAAI 2020, arXiv:2002.02814, section 4.1)."""
    config = _paper("asen")
    return replace(config, model=replace(config.model, attribute_dimension=1024))


def asen_without_asa_paper() -> TrainConfig:
    """ASEN without its spatial attention: the paper's ablation."""
    config = asen_paper()
    return replace(config, model=replace(config.model, spatial_attention=False))


def asen_without_aca_paper() -> TrainConfig:
    """ASEN without its channel attention: the paper's ablation."""
    config = asen_paper()
    return replace(config, model=replace(config.model, channel_attention=False))


def asen_v2_paper() -> TrainConfig:
    """ASENet_V2 as the ASEN paper's program trains it."""
    return _paper("asen_v2")


def asen_pp_paper() -> TrainConfig:
    """ASEN++ in its two stages (Dong et al., IEEE TIP 2021, arXiv:2104.02429, section IV-A), on FashionAI.

    Stage one trains the global branch alone. Stage two trains both for 20 epochs, the global one at a tenth of the
    rate, which decays by 0.9 per epoch of this stage. The weight of the alignment is the original's 0.1 for each of
    anchor, positive and negative. One run does both stages; in the original, stage two is a new run.
    """
    config = _paper("asen_pp")
    return replace(
        config,
        side=448,
        stored_side=448,
        epochs=70,
        objective=replace(config.objective, local_weight=0.1, alignment_weight=0.3),
        optimisation=replace(config.optimisation, global_epochs=50, global_rate=0.1),
    )


def ag_man_paper() -> TrainConfig:
    """AG-MAN with its automatically weighted losses (Xiao and Yamasaki, 2023, arXiv:2301.13014)."""
    config = _paper("ag_man")
    return replace(config, objective=replace(config.objective, automatic_weights=True))


RECIPES: dict[str, Callable[[], TrainConfig]] = {
    recipe.__name__: recipe
    for recipe in (
        cam_cpu,
        cam_large_cpu,
        cam_gpu,
        asen_v2_cpu,
        asen_v2_demo,
        triplet_paper,
        csn_paper,
        asen_paper,
        asen_without_asa_paper,
        asen_without_aca_paper,
        asen_v2_paper,
        asen_pp_paper,
        ag_man_paper,
    )
}
__all__ = ["RECIPES", *RECIPES]
