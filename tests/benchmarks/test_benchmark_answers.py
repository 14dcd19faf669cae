"""The one check of answers."""

from types import ModuleType

import numpy as np
import pytest

from tests.benchmarks.conftest import Load

EXPECTED = np.eye(20, dtype=np.float32)[:, None]  # (20, 1, 20), of unit length


@pytest.fixture(scope="module")
def answers(load: Load) -> ModuleType:
    return load("harness.answers")


def turned(rows: int, cosine: float) -> np.ndarray:
    """Return the expected embeddings, the first ``rows`` of them at this cosine to what is expected."""
    found = EXPECTED.copy()
    found[:rows] *= cosine
    found[:rows, 0, -1] = np.sqrt(1 - cosine**2)
    return found


def test_the_smallest_cosine_is_returned(answers: ModuleType):
    assert answers.check_embeddings(EXPECTED, EXPECTED, "fp32") == 1.0
    assert answers.check_embeddings(EXPECTED, turned(1, 0.5), "fp16") == pytest.approx(0.5)


@pytest.mark.parametrize(("share", "rows"), [("SHARE", 2), ("SAME_NETWORK_SHARE", 1)])
def test_a_few_embeddings_may_be_anywhere_but_no_more(answers: ModuleType, share: str, rows: int):
    answers.check_embeddings(EXPECTED, turned(rows - 1, 0.5), "int8", getattr(answers, share))
    with pytest.raises(answers.WrongAnswer, match=r"% of cosines are 0\.\d+ or more.* expected 0\.9 for int8"):
        answers.check_embeddings(EXPECTED, turned(rows + 1, 0.5), "int8", getattr(answers, share))


@pytest.mark.parametrize("wrong", [turned(1, 0.9), np.full_like(EXPECTED, np.nan), EXPECTED[:5]])
def test_wrong_embeddings_are_an_error(answers: ModuleType, wrong: np.ndarray):
    with pytest.raises(answers.WrongAnswer, match="wrong answer"):
        answers.check_embeddings(EXPECTED, wrong, "fp32")


def test_the_error_says_how_far_the_answer_was(answers: ModuleType):
    with pytest.raises(answers.WrongAnswer, match=r"a product is off by 1\.0e-01; expected 1e-02 at most"):
        answers.check_close(np.ones(3), np.array([1, 1.1, 1]), 0.01, "a product")
    with pytest.raises(answers.WrongAnswer, match=r"keys: \[2\]; expected \[1\]"):
        answers.check_equal([1], [2], "keys")
