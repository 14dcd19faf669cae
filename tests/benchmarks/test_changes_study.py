"""The study of changed values asks what can be answered, and counts answers as a reader would."""

from types import ModuleType

import numpy as np
import pytest

from tests.benchmarks.conftest import Load

# columns: type, colour, sleeve; -1 is no label
LABELS = np.array([[0, 0, 1], *[[1, 0, 1]] * 10, *[[1, 1, 1]] * 9, [1, 0, -1], [2, 0, 1], [-1, 0, 1]], np.int32)


@pytest.fixture
def study(load: Load) -> ModuleType:
    return load("studies.changes")


def test_shares_count_labels_that_photo_and_answer_have(study):
    asked = study.Asked(photo=0, attribute=0, value=1)
    answers = np.array([1, 11, 20, 21, 22])  # right; other colour; no sleeve; other type; no type
    new_value, others_stay, both = study.agreement(LABELS, asked, answers)
    assert new_value == pytest.approx(3 / 5)
    assert others_stay == pytest.approx((2 + 1 + 1 + 2 + 2) / (2 + 2 + 1 + 2 + 2))
    assert both == pytest.approx(2 / 5)


def test_only_values_that_ten_photos_like_it_have_are_asked_for(study):
    rng = np.random.default_rng(0)
    asked = {each.photo: each.value for each in study.questions(LABELS, 0, rng)}
    assert asked[0] == 1  # eleven photos of type 1 agree in colour and sleeve, one of type 2 does
    assert asked[21] == 1
    assert 22 not in asked  # it has no type
    assert not {photo for photo in asked if LABELS[photo, 0] == 1}  # too few of other types agree with these
    assert list(study.questions(LABELS, 2, rng)) == []  # nobody has another sleeve


def test_without_a_label_in_common_nothing_can_stay_or_change(study):
    labels = np.array([[0, 0, -1], [1, -1, 0]], np.int32)
    new_value, others_stay, both = study.agreement(labels, study.Asked(0, 0, 1), np.array([1]))
    assert (new_value, both) == (1, 1)
    assert np.isnan(others_stay)
