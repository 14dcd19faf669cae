"""The bytes that readers hold together: never more than there are, no reader waits for ever, none is lost in a fork."""

import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.photos import ImageSource, Preprocessing
from fashionsdk.photos.limits import Budget, _budget
from tests.sdk.photos.photos import encode


def test_readers_together_never_hold_more_than_there_is():
    budget, lock = Budget(100), threading.Lock()
    held, most = 0, 0

    def read(amount: int) -> None:
        nonlocal held, most
        for _ in range(20):
            with budget.hold(amount):
                with lock:
                    held += amount
                    most = max(most, held)
                time.sleep(0.0005)
                with lock:
                    held -= amount

    threads = [threading.Thread(target=read, args=(amount,)) for amount in (10, 30, 50, 60, 90, 100, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert held == 0
    assert 60 < most <= 100


def test_who_asks_for_more_than_there_is_gets_it_alone():
    budget = Budget(100)
    with budget.hold(1000):
        waiting = threading.Thread(target=lambda: budget.hold(1).__enter__())
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()


def test_an_error_while_reading_gives_the_bytes_back():
    budget = Budget(100)
    for _ in range(3):
        with pytest.raises(ValueError, match="damaged"), budget.hold(100):
            raise ValueError("damaged")
    with budget.hold(100):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_holds_nothing_of_its_parents_threads():
    budget = Budget(100)
    with budget.hold(100):
        child = os.fork()
        if child == 0:
            with budget.hold(100):
                os._exit(7)
        deadline = time.monotonic() + 20
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.01)
        if ended == (0, 0):
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended[1]) == 7


@pytest.mark.parametrize("kind", ["bytes", "path", "image"])
def test_reading_waits_until_there_are_enough_bytes(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(_budget, "SMALL_BYTES", 0)
    monkeypatch.setattr(_budget, "READING", Budget(1000))
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    (tmp_path / "photo.png").write_bytes(data := encode(photo, "PNG"))
    sources: dict[str, ImageSource] = {"bytes": data, "path": tmp_path / "photo.png", "image": photo}
    answers: list[bytes] = []
    reader = threading.Thread(target=lambda: answers.append(Preprocessing(8).read(sources[kind]).tobytes()))
    with ExitStack() as others:
        others.enter_context(_budget.READING.hold(1))
        reader.start()
        reader.join(0.2)
        assert reader.is_alive()
        assert not answers
    reader.join(10)
    assert answers == [Preprocessing(8)(photo).tobytes()]
