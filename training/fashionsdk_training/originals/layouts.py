"""The papers' programs' names of parameters, and ours.

A rule is a pair of prefixes, the original's and ours. The first that fits is used. ``left_out`` lists the parameters
that the forward pass never reads, and why. An import reports them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fashionsdk_training.config import Architecture, Original

_AFTER_CUT = "the network is cut after layer3"


@dataclass(frozen=True)
class Layout:
    """The names of one program.

    Attributes:
        architecture: of ours.
        backbones: the prefixes of its ResNets, the (global) backbone first.
        rules: prefixes, the original's to ours.
        left_out: prefixes of the parameters that are not read, and why.
    """

    architecture: Architecture
    backbones: tuple[str, ...]
    rules: Mapping[str, str]
    left_out: Mapping[str, str]


def _unused(backbone: str) -> dict[str, str]:
    return {f"{backbone}layer4.": _AFTER_CUT, f"{backbone}fc.": _AFTER_CUT}


def _attention(theirs: str, ours: str = "", convolution: str = "conv1") -> dict[str, str]:
    """Return the rules of both attentions' image layers."""
    return {
        f"{theirs}{convolution}.": f"{ours}attention_head.spatial.image_transform.",
        f"{theirs}fc1.": f"{ours}attention_head.channel.reduce.",
        f"{theirs}fc2.": f"{ours}attention_head.channel.expand.",
    }


def _asen() -> Layout:
    inner, backbone = "embeddingnet.", "embeddingnet.backbonenet."
    rules = {
        backbone: "backbone.net.",
        f"{inner}mask_fc1.": "spatial_table.",
        f"{inner}mask_fc2.": "channel_table.",
        f"{inner}conv2.bias": "attention_head.spatial.bias",
        f"{inner}conv2.": "score.",
        f"{inner}feature_fc.": "attention_head.project.",
        **_attention(inner),
    }
    return Layout("asen", (backbone,), rules, _unused(backbone))


def _asen_v2() -> Layout:
    inner, backbone = "embeddingnet.", "embeddingnet.backbonenet."
    rules = {
        backbone: "backbone.net.",
        f"{inner}attr_embedding.": "attribute_embedding.",
        f"{inner}attr_transform1.": "attribute_branch.spatial.",
        f"{inner}attr_transform2.": "attribute_branch.channel.",
        f"{inner}img_bn1.": "attention_head.spatial.image_norm.",
        **_attention(inner),
    }
    return Layout("asen_v2", (backbone,), rules, _unused(backbone))


def _csn() -> Layout:
    inner, backbone = "embeddingnet.", "embeddingnet.embeddingnet."
    rules = {backbone: "backbone.net.", f"{inner}embed_fc.": "project.", f"{inner}masks.weight": "masks"}
    return Layout("csn", (backbone,), rules, _unused(backbone))


def _ag_man() -> Layout:
    inner, backbone = "embeddingnet.", "embeddingnet.backbonenet."
    rules = {
        f"{backbone}conv1_1.": "lift.1.",
        f"{backbone}fc_embed.": "classify.",
        f"{backbone}layer4.": "backbone.top.",
        backbone: "backbone.net.",
        f"{inner}w1": "spatial_gate",
        f"{inner}w2": "channel_gate",
        f"{inner}w": "level_gate",
        f"{inner}conv1.": "reduce.",
        f"{inner}attr_embedding.": "attribute_embedding.",
        f"{inner}attr_transform1.": "spatial_transform.",
        f"{inner}attr_transform2.": "channel_transform.",
        f"{inner}img_bn1.": "key_norm.",
        f"{inner}sa.conv1.": "plain.",
        f"{inner}fc1.": "channel.reduce.",
        f"{inner}fc2.": "channel.expand.",
        f"{inner}masks.weight": "masks",
    }
    return Layout("ag_man", (backbone,), rules, {f"{backbone}fc.": "the classifier is fc_embed"})


def _asen_pp() -> Layout:
    rules = {"choices.local.attrnet.attr_embedding.": "attribute_embedding."}
    left_out = {"choices.global.attrnet.": "both branches share one table, and the original loads the local name last"}
    for branch in ("global", "local"):
        theirs, ours = f"choices.{branch}.", f"{branch}_branch."
        left_out |= _unused(f"{theirs}basenet.")
        rules |= {
            f"{theirs}basenet.": f"{ours}backbone.net.",
            f"{theirs}attnnet.attr_transform1.": f"{ours}attribute_branch.spatial.",
            f"{theirs}attnnet.attr_transform2.": f"{ours}attribute_branch.channel.",
            f"{theirs}attnnet.feature_fc.": f"{ours}attention_head.project.",
            **_attention(f"{theirs}attnnet.", ours, convolution="conv"),
        }
    return Layout("asen_pp", ("choices.global.basenet.", "choices.local.basenet."), rules, left_out)


LAYOUTS: Mapping[Original, Layout] = {
    "asen": _asen(),
    "asen_v2": _asen_v2(),
    "csn": _csn(),
    "ag_man": _ag_man(),
    "asen_pp": _asen_pp(),
}
