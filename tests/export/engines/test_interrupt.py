"""A signal during a call that swallows exceptions is told to the call, and raised when the call has ended."""

import signal
from contextlib import suppress

import pytest

from fashionsdk.cli import guarded
from fashionsdk_export.engines.interrupt import noting_interrupts

pytestmark = pytest.mark.usefixtures("plain_signals")


def swallowing(number):
    """A library's call with a callback, as Python sees it."""
    with noting_interrupts() as pressed:
        with suppress(BaseException):
            signal.raise_signal(number)
        assert pressed.is_set()
    return 0


def test_ctrl_c_is_raised_after_the_call():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        swallowing(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_request_to_end_is_raised_after_the_call_of_a_command(capsys):
    assert guarded("build_engine.py", lambda: swallowing(signal.SIGTERM)) == 143
    assert capsys.readouterr().err.startswith("build_engine.py: terminated by SIGTERM; ")


def test_a_signal_without_a_handler_stays_without_one():
    with noting_interrupts():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with noting_interrupts() as pressed:
        assert not pressed.is_set()
