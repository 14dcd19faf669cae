"""Damaged manifests, half of them with a digest that fits."""

import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from damaged import bytes_damage, json_damage
from damaged.small_bundle import copy_with, small_bundle
from fashionsdk import FashionSDKError
from fashionsdk._tools import own_digest
from fashionsdk.bundle import Bundle


class Manifests:
    """Manifests of a small bundle."""

    refusals: tuple[type[Exception], ...] = (FashionSDKError,)

    def __init__(self, folder: Path, seed: int) -> None:
        self._seed, self._bundle = seed, small_bundle(folder)
        self._trial = folder / f"manifests-{os.getpid()}"
        self._text = (self._bundle.path / "manifest.json").read_bytes()

    def damaged(self, index: int) -> tuple[str, bytes]:
        """Return manifest ``index``."""
        rng = np.random.default_rng([self._seed, index])
        if index % 2:
            return "bytes", bytes_damage.damage(self._text, rng, self._text)
        document = {**json.loads(self._text), own_digest.KEY: own_digest.NO_DIGEST}
        text = json_damage.damage(document, rng)
        with suppress(ValueError):  # a damaged one may have no place for the digest
            text = own_digest.with_digest(text)
        return "JSON", text

    def read(self, content: bytes) -> None:
        """Open the bundle, which checks its files, and read its reference answers."""
        copy_with(self._bundle, self._trial, content)
        Bundle.open(self._trial).reference()
