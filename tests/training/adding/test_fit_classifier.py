"""The classifier of an added attribute, against scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from fashionsdk_training.adding.fit_classifier import PENALTY, encode_bands, fit_added
from fashionsdk_training.models.extended import BANDS, MOST_VALUES, SHARPNESS
from tests.training.conftest import SIDE, TINY, photos, trained_like

SOLVER_ATOL = 1e-3  # two solvers of one convex problem stop at other points near the optimum; 1e-4 measured


def test_the_embedding_is_the_root_of_sharpened_probabilities_of_a_penalised_logistic_regression():
    rng = np.random.default_rng(0)
    values = np.repeat([0, 2, 3], 12)  # nobody has value 1
    bands = torch.from_numpy(rng.normal(values[:, None, None] % 3, 2, (36, BANDS, 4)).astype(np.float32))
    features = bands.flatten(1).numpy()
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    penalty = PENALTY * features.shape[1] * len(features)
    expected = (
        LogisticRegression(C=1 / penalty, max_iter=5000, tol=1e-8).fit(features, values).decision_function(features)
    )
    powers = np.exp(SHARPNESS * (expected - expected.max(axis=1, keepdims=True)))
    added = fit_added(bands, values, 32)
    with torch.inference_mode():
        got = added.embed(bands).numpy()
    np.testing.assert_allclose(
        got[:, [0, 2, 3]] ** 2, powers / powers.sum(axis=1, keepdims=True), rtol=0, atol=SOLVER_ATOL
    )
    assert not got[:, [1, *range(4, 32)]].any()


def test_a_feature_that_few_photos_hardly_show_does_not_decide():
    values = np.arange(8) % 2
    bands = torch.zeros(8, BANDS, 3)
    bands[:, :, 0] = torch.from_numpy(values).float()[:, None]
    bands[:, :, 1] = torch.linspace(-1, 1, 8)[:, None]
    bands[0, :, 2] = 1e-7
    added = fit_added(bands, values, 8)
    changed = bands.clone()
    changed[:, :, 2] = 0.01
    with torch.inference_mode():
        torch.testing.assert_close(added.embed(changed), added.embed(bands), rtol=0, atol=1e-2)


def test_mirrored_photos_are_encoded_as_flipped_ones():
    model, pixels = trained_like(TINY, 1), photos(6, SIDE, seed=5).numpy()
    flipped = np.ascontiguousarray(pixels[:, :, ::-1])
    assert torch.equal(encode_bands(model, pixels, mirrored=True), encode_bands(model, flipped))


def test_an_embedding_has_room_for_so_many_values():
    bands = torch.rand(4, BANDS, 2)
    assert fit_added(bands, np.array([0, 5, 5, 0]), 6).embed(bands).shape == (4, 6)
    with pytest.raises(ValueError, match="value index 6 of an added attribute; expected at most 6 values"):
        fit_added(bands, np.array([0, 6, 6, 0]), 6)
    with pytest.raises(ValueError, match=f"at most {MOST_VALUES} values"):
        fit_added(bands, np.array([0, MOST_VALUES, 1, 0]), 2 * MOST_VALUES)
