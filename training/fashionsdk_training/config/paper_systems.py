"""The systems of the papers as settings of one backbone, for comparisons and recipes."""

from collections.abc import Mapping
from dataclasses import replace

from fashionsdk_training.config.network import LocalBranch, ModelConfig


def systems(base: ModelConfig, local: LocalBranch) -> Mapping[str, ModelConfig]:
    """Return every trained system of the papers' tables by name, in the papers' order.

    Args:
        base: backbone and sizes of all systems.
        local: ASEN++'s local branch.
    """
    csn, asen = replace(base, architecture="csn"), replace(base, architecture="asen")
    return {
        "triplet": replace(base, architecture="triplet"),
        "csn_fixed": replace(csn, masks="fixed"),
        "csn_prior": replace(csn, masks="prior"),
        "csn": csn,
        "asen_without_aca": replace(asen, channel_attention=False),
        "asen_without_asa": replace(asen, spatial_attention=False),
        "asen": asen,
        "asen_v2": replace(base, architecture="asen_v2"),
        "asen_pp": replace(base, architecture="asen_pp", local=local),
        "ag_man": replace(base, architecture="ag_man"),
    }
