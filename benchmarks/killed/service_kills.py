"""Kills the service while callers add items, and looks whether what was acknowledged is there when it runs again."""

import os
import random
import signal
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import numpy as np

from fashionsdk import Embedder, Embeddings, Matcher
from fashionsdk._tools.progress import progress_bar
from fashionsdk.search import bundle_contract
from fashionsdk.search.stores import open_store
from harness.drawn_jpegs import drawn_jpeg
from killed.outcome import RIGHT, Outcome
from servers.started import Started, serve

CALLERS, PHOTOS, SIDE = 4, 8, 200
MOST_SECONDS = 2.0  # from the callers' start to the kill
ATOL = 1e-5  # of vectors: a photo alone and in a batch


class Callers:
    """Callers that add items of their own until the service is gone.

    Attributes:
        acknowledged: key -> the photo's number, of every item whose write was answered.
        tried: likewise, of every item that was sent.
    """

    def __init__(self, photos: list[bytes]) -> None:
        self._photos = photos
        self.acknowledged: dict[str, int] = {}
        self.tried: dict[str, int] = {}

    def run(self, server: Started, round_: int, seconds: float) -> None:
        """Add items with several callers at once, and kill the service after some seconds."""
        threads = [threading.Thread(target=self._add, args=(server.address, f"{round_}-{n}")) for n in range(CALLERS)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        os.killpg(server.process, signal.SIGKILL)
        for thread in threads:
            thread.join()

    def _add(self, address: str, name: str) -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            for number in range(1_000_000):
                key, photo = f"{name}-{number}", number % len(self._photos)
                self.tried[key] = photo
                try:
                    files = {"photo": self._photos[photo]}
                    answer = client.put(f"/v1/items/{key}", files=files)
                except httpx.HTTPError:
                    return
                if answer.is_success:
                    self.acknowledged[key] = photo


def kill_services(name: str, bundle: Path, address: str, folder: Path, kills: int) -> Outcome:
    """Kill the service of a gallery at random moments.

    Args:
        name: of the store, for the table.
        bundle: the model.
        address: a gallery that is not there yet.
        folder: for logs.
        kills: how many.
    """
    photos, draw = [drawn_jpeg(number, SIDE) for number in range(PHOTOS)], random.Random(0)
    with Embedder(bundle) as embedder:
        contract = bundle_contract(embedder.bundle, embedder.backend.precision)
        Matcher.open(address, contract=contract, create=True).close()
        right = embedder.embed(photos)
    callers, wrong = Callers(photos), ""
    for number in progress_bar(range(kills), f"service, {name}", None, "kill"):
        with ExitStack() as stack:
            callers.run(serve(bundle, address, folder, stack), number, draw.uniform(0.2, MOST_SECONDS))
        with ExitStack() as stack:
            serve(bundle, address, folder, stack)  # opens what the kill has left
        if wrong := _difference(address, callers, right):
            wrong = f"kill {number}: {wrong}"
            break
    work = f"{len(callers.acknowledged)} items acknowledged, of {len(callers.tried)} sent"
    return Outcome(f"service, {name}", kills, work, wrong or RIGHT, "not measured")


def _difference(address: str, callers: Callers, right: Embeddings) -> str:
    """Return what is wrong with the gallery; "" if nothing is."""
    with closing(open_store(address, read_only=True)) as store:
        found = {
            key: {name: rows[row] for name, rows in batch.vectors.items()}
            for batch in store.items()
            for row, key in enumerate(batch.keys)
        }
    if lost := callers.acknowledged.keys() - found.keys():
        return f"{len(lost)} acknowledged items are lost, such as {min(lost)}"
    if strange := found.keys() - callers.tried.keys():
        return f"{len(strange)} items that nobody sent, such as {min(strange)}"
    for key, vectors in found.items():
        for name in right.attributes:
            if name not in vectors or not np.allclose(vectors[name], right[name][callers.tried[key]], atol=ATOL):
                return f"{key} has other vectors of {name} than its photo"
    return ""
