"""The benchmark of backbones: who may use the weights is known of every one, and times are ratios."""

from timm import get_pretrained_cfg

from tests.benchmarks.conftest import Load


def test_every_candidate_has_weights_a_card_and_terms(load: Load) -> None:
    module = load("backbone_study.candidates")
    for each in module.CANDIDATES:
        assert get_pretrained_cfg(each.name).tag == each.name.partition(".")[2]  # an unknown tag would be timm's own
        assert each.licence in module.TERMS
        assert each.card == f"timm/{each.name}"


def test_times_are_multiples_of_the_references(load: Load) -> None:
    found = load("backbone_study.cost").ratios({"a": 3.0, "b": 6.0, "c": 1.5}, "a")
    assert found == {"a": 1.0, "b": 2.0, "c": 0.5}


def test_the_settings_of_a_probe_are_the_default_recipes_at_another_side(load: Load) -> None:
    config = load("backbone_study.frozen_map").settings("tf_efficientnet_lite2", 260)
    assert (config.model.backbone, config.side, config.stored_side, config.fit) == (
        "tf_efficientnet_lite2",
        260,
        300,
        "pad",
    )


def test_a_row_says_who_may_not_use_the_weights(load: Load) -> None:
    cells = load("networks.backbones")._cells
    candidate = load("backbone_study.candidates").Candidate("convnextv2_atto.fcmae_ft_in1k", 2)
    cost = load("backbone_study.cost").Cost(3.4, 1.26, 15.0)
    assert cells(candidate, cost, 0.876) == [
        "convnextv2_atto.fcmae_ft_in1k",
        "3.4",
        "1.3",
        "15.0",
        "0.88",
        "cc-by-nc-4.0",
        "not in products: no commercial use",
    ]
