"""Which attributes a photo has at all, learnt from a table whose rows are counted here one by one."""

import numpy as np
import pytest

from fashionsdk import Attribute, Embeddings, ValueSpace
from fashionsdk.embedding import predictions
from fashionsdk.embedding._predictions import with_needed
from fashionsdk.values import Applicability, Posterior, fit_applicability

KIND = Attribute("kind", ("skirt", "shirt", "coat"))
LAPEL = Attribute("lapel", ("notched", "shawl"))
COLOUR = Attribute("colour", ("red", "blue"))


def rows(*groups: tuple[int, list[int]]) -> np.ndarray:
    return np.array([row for count, row in groups for _ in range(count)])


def test_an_attribute_that_only_coats_are_labelled_in_applies_to_coats():
    values = rows((30, [0, -1, 0]), (20, [1, -1, 1]), (9, [2, 0, 0]), (1, [2, -1, 1]), (5, [-1, -1, 0]))
    found = fit_applicability(values, (KIND, LAPEL, COLOUR))
    assert set(found) == {"lapel"}
    assert found["lapel"].by == "kind"
    expected = {"skirt": 2 / 32, "shirt": 2 / 22, "coat": (9 + 2) / (10 + 2)}
    assert found["lapel"].shares == {name: round(share, 4) for name, share in expected.items()}


def test_blanks_that_nothing_explains_mean_nothing():
    random = np.random.default_rng(0)
    values = np.stack([random.integers(0, 3, 200), random.integers(-1, 2, 200), random.integers(0, 2, 200)], axis=1)
    assert fit_applicability(values, (KIND, LAPEL, COLOUR)) == {}
    assert fit_applicability(np.zeros((50, 3), int), (KIND, LAPEL, COLOUR)) == {}  # all labelled
    assert fit_applicability(values[:3], (KIND, LAPEL, COLOUR)) == {}
    assert fit_applicability(values[:, :1], (KIND,)) == {}


def test_an_attribute_that_few_photos_have_tells_nothing_of_others():
    """Kinds of lapels tell exactly where colour is labelled, but only where there is a lapel."""
    values = rows((100, [0, -1, -1]), (100, [0, -1, 0]), (20, [0, 0, 0]), (20, [0, 1, -1]))
    assert fit_applicability(values, (KIND, LAPEL, COLOUR)) == {}


def space(shares: dict[str, float]) -> ValueSpace:
    lapel = Posterior(0, 1.0, Applicability("kind", shares))
    return ValueSpace((KIND, LAPEL), {"kind": Posterior(0, 1.0), "lapel": lapel})


def test_predictions_say_what_does_not_apply():
    vectors = np.sqrt(np.array([[[0.9, 0.1, 0], [0.3, 0.7, 0]], [[0, 0.2, 0.8], [0.3, 0.7, 0]]], np.float32))
    values = space({"skirt": 0.0, "shirt": 0.5, "coat": 1.0})
    embeddings = Embeddings(vectors, ("kind", "lapel"), "model", values=values)
    skirt, coat = (row["lapel"] for row in predictions(embeddings))
    assert (skirt.value, str(skirt)) == (None, "does not apply")
    assert skirt.applies == pytest.approx(0.05)
    assert (coat.value, str(coat)) == ("shawl", "shawl")
    assert coat.applies == pytest.approx(0.9)
    assert str(predictions(embeddings, 0.99)[1]["lapel"]) == "unknown"
    assert [set(row) for row in predictions(embeddings, 0, "lapel")] == [{"lapel"}] * 2
    alone = predictions(embeddings.select("lapel"))  # nothing is known of the kind
    assert [row["lapel"].applies for row in alone] == [1, 1]
    assert with_needed(values, ["lapel"]) == ["lapel", "kind"]
    assert with_needed(values, ["kind"]) == ["kind"]


def test_shares_out_of_range_are_an_error():
    with pytest.raises(ValueError, match=r"shares by 'kind' are .*; expected 0 to 1"):
        Applicability("kind", {"skirt": 1.5})
