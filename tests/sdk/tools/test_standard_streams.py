"""Bars and text where standard streams are missing, closed, or objects with ``write`` only."""

import io
import sys
import threading

import pytest

from fashionsdk._tools import progress
from fashionsdk._tools.printable_text import printable, printable_lines
from fashionsdk._tools.progress import progress_bar
from fashionsdk.embedding import Embedder


class OnlyWrite:
    """As a logger's stream that takes the place of stderr."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text):
        self.text += text


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS = {"none": lambda: None, "only write": OnlyWrite, "closed": closed, "text": io.StringIO}


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize("kind", STREAMS)
def test_any_stderr_will_do(kind, shown, bundle, photos, monkeypatch, capfd):
    monkeypatch.setattr(sys, "stderr", STREAMS[kind]())
    embedder = Embedder(bundle.path)
    items = list(embedder.embed_many(photos, progress=shown))
    assert [item.error for item in items] == [None] * len(photos)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize("kind", STREAMS)
def test_a_bar_moves_on_any_stderr(kind, shown, monkeypatch):
    stream = STREAMS[kind]()
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0)
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress_bar(iter("abc"), "letters", 3, "letter", shown=shown)) == ["a", "b", "c"]
    with progress_bar(None, "letters", 3, "letter", shown=shown) as bar:
        bar.update(2)
        bar.set_postfix(loss="1", refresh=False)
        bar.total = (bar.total or 0) + 1
        bar.update()
    assert (bar.n, bar.total) == (3, 4)
    written = {"only write": lambda: stream.text, "text": lambda: stream.getvalue()}.get(kind, lambda: "")()
    assert ("letters: 100%" in written) == (shown and kind in ("only write", "text"))


@pytest.mark.parametrize("shown", [False, True])
def test_a_bar_starts_no_thread(shown):
    before = threading.enumerate()
    with progress_bar(range(3), "numbers", 3, "number", shown=shown) as bar:
        assert list(bar) == [0, 1, 2]
        assert threading.enumerate() == before


def test_a_silent_bar_imports_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)  # importing it would fail
    assert list(progress_bar(range(2), "numbers", None, "number", shown=False)) == [0, 1]


def test_a_bars_label_cannot_steer_the_terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0)
    list(progress_bar(range(2), "\x1b[31mred", 2, "number"))
    assert "\\x1b[31mred: 100%" in capsys.readouterr().err


def test_control_characters_are_escaped():
    assert printable("a\x1b[31m\n\udcff é\u202e") == "a\\x1b[31m\\n\\udcff é\\u202e"
    assert printable_lines("a\n\x1bb\n") == "a\n\\x1bb\n"
