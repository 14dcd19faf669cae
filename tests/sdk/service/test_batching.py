"""Photos of many callers become batches; what nobody waits for is not computed; a model is changed while it is used."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import BackendError, ImageError
from fashionsdk.service.inference import Batcher, Model, Models, PhotoPool

DIGEST = "0" * 64


def pixels(number: int) -> Any:
    return np.full((2, 2, 3), number, np.uint8)


def embedded(images: Any, attention: bool = False) -> Embeddings:
    """Return vectors whose only number that is not zero stands where the photo's number says."""
    vectors = np.eye(256, dtype=np.float32)[images[:, 0, 0, 0]][:, None]
    maps = np.ones((len(images), 1, 1, 1), np.float32) if attention else None
    return Embeddings(vectors, ("a",), DIGEST, maps)


class Recorded:
    """A model that notes its batches, waits for ``gate`` before each answer, and fails on the photo 255.

    A photo that is a file cannot be read.
    """

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.attention: list[bool] = []
        self.answered: list[int] = []
        self.read_while_running: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self._runs = False

    async def read(self, source: Any) -> Any:
        await asyncio.sleep(0)
        if isinstance(source, bytes):
            raise ImageError("photo", "is none")
        if self._runs:
            self.read_while_running.append(int(source[0, 0, 0]))
        return source

    def run(self, images: Any, attention: bool) -> Embeddings:
        self._runs = True
        self.batches.append(images[:, 0, 0, 0].tolist())
        self.attention.append(attention)
        assert self.gate.wait(10)
        self._runs = False
        if 255 in self.batches[-1]:
            raise BackendError("the photo 255 breaks it")
        return embedded(images, attention)

    def ran(self, photos: int, seconds: float) -> None:
        self.answered.append(photos)

    def batcher(self, size: int = 4, seconds: float = 0.05, *, overlap: bool = False) -> Batcher:
        return Batcher(self, size, seconds, overlap=overlap)

    async def begun(self, batcher: Batcher) -> "asyncio.Task[Embeddings]":
        """Return the photo 1, which the model has begun and does not answer before the gate is opened."""
        self.gate.clear()
        first = asyncio.create_task(one(batcher, pixels(1)))
        while not self.batches:
            await asyncio.sleep(0.001)
        return first


async def one(batcher: Batcher, source: Any, *, attention: bool = False) -> Embeddings:
    (found,) = await batcher.embed([source], attention=attention)
    return found


def numbers(answers: list[Embeddings]) -> list[int]:
    assert all(len(each) == 1 for each in answers)
    return [int(each["a"][0].argmax()) for each in answers]


def test_photos_that_come_together_share_a_batch_and_each_caller_gets_its_own_answer():
    model = Recorded()

    async def ask():
        batcher = model.batcher()
        answers = await asyncio.gather(*(one(batcher, pixels(number)) for number in range(10)))
        await batcher.close()
        return answers

    assert numbers(asyncio.run(ask())) == list(range(10))
    assert model.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert model.answered == [4, 4, 2]


def test_a_photo_alone_waits_no_longer_than_it_should():
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=100, seconds=0.2)
        began = time.monotonic()
        await one(batcher, pixels(1))
        passed = time.monotonic() - began
        await batcher.close()
        return passed

    assert 0.19 < asyncio.run(ask()) < 5


def test_who_is_cancelled_while_he_waits_is_left_out():
    model = Recorded()

    async def ask():
        batcher = model.batcher(seconds=0.01)
        first = await model.begun(batcher)
        others = [asyncio.create_task(one(batcher, pixels(number))) for number in (2, 3, 4)]
        await asyncio.sleep(0.01)
        others[1].cancel()
        model.gate.set()
        answers = await asyncio.gather(first, *others, return_exceptions=True)
        await batcher.close()
        return answers

    answers = asyncio.run(ask())
    assert isinstance(answers[2], asyncio.CancelledError)
    assert numbers([answers[0], answers[1], answers[3]]) == [1, 2, 4]
    assert model.batches == [[1], [2, 4]]


def test_a_batch_whose_callers_all_left_is_not_run():
    model = Recorded()

    async def ask():
        batcher = model.batcher()
        tasks = [asyncio.create_task(one(batcher, pixels(1))) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0.1)
        await batcher.close()

    asyncio.run(ask())
    assert model.batches == []


def test_a_failure_is_told_to_its_batch_and_the_next_batch_is_another_matter():
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=2)
        first = await asyncio.gather(*(one(batcher, pixels(n)) for n in (255, 1)), return_exceptions=True)
        second = await one(batcher, pixels(2))
        await batcher.close()
        return first, second

    first, second = asyncio.run(ask())
    assert [str(each) for each in first] == ["the photo 255 breaks it"] * 2
    assert numbers([second]) == [2]
    assert model.answered == [1]


def test_a_fault_outside_the_model_does_not_end_the_batches():
    async def ask():
        errors = iter([ValueError("a metric is broken"), None])

        class Miscounted(Recorded):
            def ran(self, photos: int, seconds: float) -> None:
                if error := next(errors):
                    raise error

        batcher = Miscounted().batcher(size=1)
        with pytest.raises(ValueError, match="a metric is broken"):
            await one(batcher, pixels(1))
        answer = await one(batcher, pixels(2))
        await batcher.close()
        return answer

    assert numbers([asyncio.run(ask())]) == [2]


def test_attention_is_computed_for_a_batch_where_one_wants_it_and_not_elsewhere():
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=2)
        pair = await asyncio.gather(one(batcher, pixels(1), attention=True), one(batcher, pixels(2)))
        alone = await one(batcher, pixels(3))
        await batcher.close()
        return [*pair, alone]

    answers = asyncio.run(ask())
    assert model.attention == [True, False]
    assert answers[0].attention is not None
    assert answers[2].attention is None


def test_what_waits_is_answered_before_the_end():
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=1)
        tasks = [asyncio.create_task(one(batcher, pixels(number))) for number in range(3)]
        await asyncio.sleep(0)
        await batcher.close()
        return [task.result() for task in tasks[:-1]]  # the last one's batch may have begun

    assert numbers(asyncio.run(ask())) == [0, 1]


def test_a_photo_that_cannot_be_read_fails_alone():
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=3)
        answers = await asyncio.gather(
            one(batcher, pixels(1)), one(batcher, b"no photo"), one(batcher, pixels(2)), return_exceptions=True
        )
        await batcher.close()
        return answers

    first, second, third = asyncio.run(ask())
    assert isinstance(second, ImageError)
    assert numbers([first, third]) == [1, 2]
    assert model.batches == [[1, 2]]


def test_of_a_request_with_a_photo_that_cannot_be_read_nothing_is_computed():
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=2)
        with pytest.raises(ImageError):
            await batcher.embed([pixels(1), b"no photo"])
        await batcher.close()

    asyncio.run(ask())
    assert model.batches == []


@pytest.mark.parametrize("overlap", [False, True])
def test_photos_are_read_while_the_model_runs_only_where_that_is_wanted(overlap):
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=2, seconds=0.001, overlap=overlap)
        first = await model.begun(batcher)
        others = [asyncio.create_task(one(batcher, pixels(number))) for number in (2, 3, 4)]
        await asyncio.sleep(0.05)
        model.gate.set()
        answers = await asyncio.gather(first, *others)
        await batcher.close()
        return answers

    assert numbers(asyncio.run(ask())) == [1, 2, 3, 4]
    assert model.batches == [[1], [2, 3], [4]]
    assert model.read_while_running[:2] == ([2, 3] if overlap else [])


def test_a_batch_goes_on_taking_photos_while_the_model_is_busy():
    model = Recorded()

    async def ask():
        batcher = model.batcher(size=4, seconds=0.001, overlap=True)
        tasks = [await model.begun(batcher)]
        for number in (2, 3, 4):
            tasks.append(asyncio.create_task(one(batcher, pixels(number))))
            await asyncio.sleep(0.02)  # longer than a batch waits when the model is free
        model.gate.set()
        await asyncio.gather(*tasks)
        await batcher.close()

    asyncio.run(ask())
    assert model.batches == [[1], [2, 3, 4]]


class StubEmbedder:
    """Stands for an embedder: its answers hold its own number, and it notes when it is closed."""

    backend = SimpleNamespace(device="cpu")
    preprocessing = SimpleNamespace(read=lambda source: source)

    def __init__(self, number: int) -> None:
        self.number, self.closed, self.gate = number, False, threading.Event()
        self.gate.set()

    def embed(self, images: Any, attention: bool = False) -> Embeddings:
        assert self.gate.wait(10)
        assert not self.closed
        return embedded(np.full_like(images, self.number))

    def close(self) -> None:
        self.closed = True


def test_a_request_keeps_the_model_that_it_began_with_and_the_old_one_is_closed_after_it():
    old, new = StubEmbedder(1), StubEmbedder(2)
    old.gate.clear()

    async def ask():
        def model(embedder: Any) -> Model:
            return Model(embedder, pool, 4, 0.001, lambda photos, seconds: None)

        pool = PhotoPool()
        models = Models(model(old))

        async def embed() -> Embeddings:
            with models.current.in_use() as current:
                return await one(current.batcher, pixels(0))

        first = asyncio.create_task(embed())
        await asyncio.sleep(0.05)
        models.swap(model(new))
        second = await embed()
        assert not old.closed  # the first request still runs on it
        old.gate.set()
        answers = numbers([await first, second])
        await models.close()
        return answers

    assert asyncio.run(ask()) == [1, 2]
    assert old.closed
    assert new.closed
