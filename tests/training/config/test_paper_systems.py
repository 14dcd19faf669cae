"""The papers' systems differ in one thing each and share the rest."""

from dataclasses import replace

from fashionsdk_training.config import LocalBranch, ModelConfig
from fashionsdk_training.config.paper_systems import systems


def test_systems_differ_in_one_thing_and_share_the_rest():
    base, local = ModelConfig(common_dimension=64), LocalBranch(common_dimension=32)
    all_systems = systems(base, local)
    assert next(iter(all_systems)) == "triplet"
    assert len(set(all_systems.values())) == len(all_systems) == 10
    for name, config in all_systems.items():
        assert config.architecture == next(
            a for a in ("triplet", "csn", "asen_v2", "asen_pp", "asen", "ag_man") if name.startswith(a)
        )
        shared = replace(
            config, architecture="asen_v2", masks="learned", spatial_attention=True, channel_attention=True, local=None
        )
        assert shared == base
    assert all_systems["asen_pp"].local == local
    assert [all_systems[name].masks for name in ("csn_fixed", "csn_prior", "csn")] == ["fixed", "prior", "learned"]
    assert not all_systems["asen_without_aca"].channel_attention
    assert not all_systems["asen_without_asa"].spatial_attention
