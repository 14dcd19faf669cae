"""A command that is told to end cleans up, says so in one line, and exits as a shell expects."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from fashionsdk.cli import guarded, raise_signal_of
from fashionsdk.cli._guard import LEFT, Terminated

pytestmark = pytest.mark.usefixtures("plain_signals")
PROGRAM = "import sys; from fashionsdk.cli import main; sys.exit(main())"
COMMANDS = {
    "index": ["index", "BUNDLE", "many", "--out", "a.gallery"],
    "embed": ["embed", "BUNDLE", "many", "--out", "a.npz"],
    "evaluate": ["evaluate", "BUNDLE", "--data", "many.csv"],
}


@pytest.fixture
def many(shop):
    """More photos than are embedded in a moment, and their label table."""
    os.mkdir("many")
    rows = ["image,split,colour"]
    for index in range(4000):
        os.link("shop/0.png", f"many/{index}.png")
        rows.append(f"many/{index}.png,valid,{'red' if index % 2 else 'blue'}")
    with open("many.csv", "w") as table:
        table.write("\n".join(rows))
    os.mkdir("temporary")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("command", "number", "line"),
    [
        ("index", signal.SIGTERM, f"fashionsdk: terminated by SIGTERM; {LEFT}"),
        ("embed", signal.SIGHUP, f"fashionsdk: terminated by SIGHUP; {LEFT}"),
        ("evaluate", signal.SIGTERM, f"fashionsdk: terminated by SIGTERM; {LEFT}"),
        ("evaluate", signal.SIGINT, "fashionsdk: interrupted"),
    ],
)
def test_a_signal_leaves_nothing_behind_and_says_so(bundle, command, number, line):
    before = sorted(os.listdir())
    argv = [str(bundle.path) if word == "BUNDLE" else word for word in COMMANDS[command]]
    environment = os.environ | {"TMPDIR": os.path.abspath("temporary")}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *argv], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("model ")
        process.send_signal(number)
        errors = process.stderr.read()
    assert (process.returncode, errors.splitlines()) == (128 + number, [line])
    assert sorted(os.listdir()) == before
    assert os.listdir("temporary") == []


@pytest.mark.parametrize("swallowed", [1, 3])
def test_an_order_to_end_is_repeated_if_a_library_swallows_it(swallowed, capsys):
    met = []

    def careless() -> int:
        """Work for a minute if nothing stops it."""
        for step in range(60_000):
            try:
                if step == 0:
                    signal.raise_signal(signal.SIGTERM)
                time.sleep(0.001)
            except KeyboardInterrupt:
                met.append(step)
                if len(met) > swallowed:
                    raise
        return 0

    assert guarded("x", careless) == 128 + signal.SIGTERM
    assert len(met) == swallowed + 1
    assert capsys.readouterr().err == f"x: terminated by SIGTERM; {LEFT}\n"


def test_a_program_that_ends_before_the_order_is_repeated_says_so_too(capsys):
    def careless() -> int:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        return 0

    def patient() -> int:
        time.sleep(0.3)
        return 0

    assert guarded("x", careless) == 128 + signal.SIGTERM
    assert guarded("x", patient) == 0  # nor does it meet the next
    assert capsys.readouterr().err == f"x: terminated by SIGTERM; {LEFT}\n"


def test_signals_are_as_before_when_a_command_is_done():
    before = signal.getsignal(signal.SIGTERM)
    assert guarded("x", lambda: 0) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_is_ignored_stays_ignored():
    def work():
        signal.raise_signal(signal.SIGHUP)
        return 7

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        assert guarded("x", work) == 7
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_does_not_stop_the_cleaning(capsys):
    cleaned = []

    def work():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            cleaned.append(True)
        return 0

    assert guarded("x", work) == 143
    assert cleaned == [True]
    assert capsys.readouterr().err == f"x: terminated by SIGTERM; {LEFT}\n"


def test_a_command_within_a_command_ends_both(capsys):
    def inner():
        signal.raise_signal(signal.SIGTERM)
        return 0

    def outer():
        raise_signal_of(guarded("inner", inner))
        return 0

    assert guarded("outer", outer) == 143
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["inner", "outer"]
    raise_signal_of(0)
    raise_signal_of(1)
    with pytest.raises(Terminated):
        raise_signal_of(130)
