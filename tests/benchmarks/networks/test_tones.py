"""The study of tones: colours that features do not show are found by tones, and MAP is what a slow ranking gives."""

import numpy as np
import pytest
import torch

from fashionsdk_training.recipes import cam_cpu
from tests.benchmarks.conftest import Load

COLOURS = ((200, 30, 40), (30, 30, 80), (40, 35, 35))  # red, navy, black


@pytest.fixture
def study(load: Load):
    return load("networks.tones")


@pytest.fixture
def photos(study):
    """Plain photos of three colours, whose features are noise."""
    rng = np.random.default_rng(0)
    values = np.arange(300) % 3
    pixels = np.array(COLOURS)[values][:, None, None] + rng.integers(-5, 6, (300, 32, 32, 3))
    features = torch.from_numpy(rng.standard_normal((300, 8)).astype(np.float32))
    fine = torch.from_numpy(rng.standard_normal((300, 4, 2, 2)).astype(np.float16))
    return study.Photos(torch.from_numpy(pixels.astype(np.uint8)), features, fine, torch.from_numpy(values), 16)


def test_tones_find_colours_that_features_do_not_show(study, photos):
    learnt, asked = torch.arange(200), torch.arange(200, 300)
    found = {
        tones: study.measured(photos, asked, study.fit(photos, learnt, tones, cam_cpu(), 0), cam_cpu())
        for tones in ("none", "rgb:3", "lab:4")
    }
    assert found["none"] < 50
    assert found["rgb:3"] > 95
    assert found["lab:4"] > 95


def test_map_is_that_of_a_slow_ranking(study, photos):
    config, asked = cam_cpu(), torch.arange(40)
    model = study.Classifier(photos, "none", 0.0)
    torch.manual_seed(0)
    torch.nn.init.normal_(model.rows.weight)
    model.eval()
    with torch.inference_mode():
        items = (config.model.posterior_scale * model(photos, asked)).softmax(dim=1).double().numpy()
    precisions = []
    for query in range(40):
        question = items[query] ** config.model.question_power
        score = [float(np.sqrt(question / question.sum()) @ np.sqrt(items[other])) for other in range(40)]
        ranked = sorted((other for other in range(40) if other != query), key=lambda other: -score[other])
        hits = [int(photos.values[other] == photos.values[query]) for other in ranked]
        precisions.append(sum(hit * sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits)) / sum(hits))
    assert study.measured(photos, asked, model, config) == pytest.approx(100 * np.mean(precisions), abs=1e-3)
