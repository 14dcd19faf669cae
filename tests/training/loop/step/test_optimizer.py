"""The optimiser: which parameters learn how fast."""

import pytest

from fashionsdk_training.config import Objective, Optimisation
from fashionsdk_training.loop.step import Criterion, build_optimizer
from fashionsdk_training.models import build_model
from tests.training.conftest import SYSTEMS, with_values

RATES = Optimisation(learning_rate=1e-3, backbone_rate=0.5, colour_rate=8.0, query_rate=4.0)


@pytest.mark.parametrize("system", ["cam", "cam_queries", "asen_v2"])
def test_backbone_colours_and_queries_have_their_own_rates_and_every_parameter_one(system):
    config = with_values(SYSTEMS[system], 3)
    criterion = Criterion(build_model(config, 3), Objective(triplet_weight=0.0, proxy_weight=0.0), config.values)
    groups = build_optimizer(criterion, RATES).param_groups
    rates = {id(parameter): group["peak"] for group in groups for parameter in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(rates) == len(list(criterion.parameters()))
    expected = {"model.backbone.": 5e-4, "model.colours.": 8e-3, "model.where": 4e-3}
    for name, parameter in criterion.named_parameters():
        rate = next((rate for part, rate in expected.items() if name.startswith(part)), 1e-3)
        assert rates[id(parameter)] == pytest.approx(rate), name
