"""As many photos are let in as can be answered in time; the others are told when to come back."""

import time

import pytest

from fashionsdk.service._problems import Problem
from fashionsdk.service.inference import Admission


def entered(admission: Admission, count: int = 1, seconds: float = 10.0, lasts: float = 0.0) -> None:
    with admission.enter(count, seconds):
        time.sleep(lasts)


def test_as_many_as_may_wait_are_let_in_and_one_more_is_told_when_to_come_back():
    admission = Admission(3)
    with admission.enter(2, 10), admission.enter(1, 10):
        assert admission.waiting == 3
        with pytest.raises(Problem, match="3 photos are waiting") as caught:
            entered(admission)
        assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "1"})
    assert admission.waiting == 0
    entered(admission, 3)


def test_who_would_wait_too_long_is_sent_away_at_once():
    """One a second: with three before him, the fourth would wait four of the six seconds that he has."""
    admission = Admission(100)
    admission.pace = 1.0
    with admission.enter(3, 10):
        with pytest.raises(Problem) as caught:
            entered(admission, seconds=6)
        assert caught.value.headers == {"Retry-After": "3"}
        entered(admission, seconds=7)


def test_the_first_is_let_in_however_slow_the_pace_is():
    admission = Admission(100)
    admission.pace = 1000.0
    with admission.enter(1, 1):
        assert admission.waiting == 1


def test_the_pace_is_what_those_who_leave_have_waited_by_how_many_there_were():
    admission = Admission(100)
    with admission.enter(4, 10):
        time.sleep(0.2)
    assert 0.05 <= admission.pace < 0.5
    slow = admission.pace
    for _ in range(100):
        entered(admission)
    assert admission.pace < slow / 10


def test_a_mistake_that_ends_at_once_makes_nobody_think_that_the_pace_is_high():
    admission = Admission(100)
    admission.pace = 0.5
    for _ in range(50):
        with pytest.raises(ValueError), admission.enter(1, 10):
            raise ValueError
    assert admission.pace == 0.5
