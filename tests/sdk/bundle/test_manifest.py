"""What a manifest says about values."""

import json
from dataclasses import replace

import pytest

from fashionsdk.values import Posterior
from tests.sdk.conftest import DIMENSION


def test_where_probabilities_are_held_is_read_again_and_must_fit(manifest):
    places = {"sleeve": Posterior(DIMENSION - 3, 1.5)}
    telling = replace(manifest, model=replace(manifest.model, posteriors=places))
    assert telling.values is not None
    assert telling.values.values == {"sleeve": ("short", "long", "none")}
    encoded = json.loads(telling.to_bytes())
    assert encoded["model"]["posteriors"] == {"sleeve": {"offset": DIMENSION - 3, "temperature": 1.5}}
    assert "posteriors" not in json.loads(manifest.to_bytes())["model"]
    assert manifest.values is None
    for wrong in ({"sleeve": Posterior(DIMENSION - 2, 1.0)}, {"hem": Posterior(0, 1.0)}):
        with pytest.raises(ValueError, match=f"posteriors of '{next(iter(wrong))}' begin at"):
            replace(manifest, model=replace(manifest.model, posteriors=wrong))
