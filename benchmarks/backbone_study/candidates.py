"""Backbones to choose from, and who may use their weights.

The licences are those of timm's own record of the weights, which is also the licence of the model's card.
"""

from dataclasses import dataclass

import timm

REFERENCE = "tf_efficientnet_lite0.in1k"  # the default recipe's: times are ratios to its
TERMS = {
    "apache-2.0": "anyone, also in products",
    "mit": "anyone, also in products",
    "bsd-3-clause": "anyone, also in products",
    "cc-by-nc-4.0": "not in products: no commercial use",
    "dinov3-license": "Meta's own terms: have them read before you ship",
}


@dataclass(frozen=True)
class Candidate:
    """A backbone with weights.

    Attributes:
        name: timm's name with the weights' tag.
        stage: of the earlier map that `cam` joins with the last one.
    """

    name: str
    stage: int

    @property
    def licence(self) -> str:
        """The licence of the weights."""
        return timm.get_pretrained_cfg(self.name).license or "not recorded"

    @property
    def card(self) -> str:
        """The model's card, as a place on timm's hub."""
        return str(timm.get_pretrained_cfg(self.name).hf_hub_id)


CANDIDATES = (
    Candidate("mobilenetv4_conv_small.e2400_r224_in1k", 3),
    Candidate("convnext_atto.d2_in1k", 2),
    Candidate(REFERENCE, 3),
    Candidate("tf_efficientnet_lite1.in1k", 3),
    Candidate("tf_efficientnet_lite2.in1k", 3),
    Candidate("efficientnet_b0.ra_in1k", 3),
    Candidate("resnet18.a1_in1k", 3),
    Candidate("resnet50.a1_in1k", 3),
    Candidate("convnextv2_atto.fcmae_ft_in1k", 2),
    Candidate("vit_small_patch16_224.augreg_in21k", 7),
    Candidate("vit_small_patch16_dinov3.lvd1689m", 7),
    Candidate("vit_small_patch14_dinov2.lvd142m", 7),
    Candidate("convnext_tiny.fb_in22k", 2),
    Candidate("convnext_tiny.dinov3_lvd1689m", 2),
    Candidate("swin_tiny_patch4_window7_224.ms_in1k", 2),
    Candidate("vit_base_patch16_siglip_224.v2_webli", 7),
)
