"""The originals' golden checkpoint files, imported and exported once a session, without large files left on disk."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from numpy.typing import NDArray

from fashionsdk import Bundle
from fashionsdk_export import pipeline
from fashionsdk_export.graph import reference_answers as reference
from fashionsdk_training.config import Original
from fashionsdk_training.originals.convert import Imported, import_original
from tests.golden import originals, recipe


@pytest.fixture(scope="session")
def golden() -> Mapping[str, NDArray]:
    with np.load(recipe.HERE / "golden.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def imported() -> Callable[[Original], Imported]:
    """Import the golden file of a program, named as for ``--model``."""

    @cache
    def load(model: Original) -> Imported:
        with TemporaryDirectory(prefix="fashionsdk-golden-") as folder:
            path = originals.write(Path(folder) / "original.pth.tar", model, originals.formula_state(model))
            return import_original(path, model)

    return load


@pytest.fixture(scope="session")
def bundles(imported, one_export_table) -> Iterator[Callable[[str], Bundle]]:
    """Export an imported program; two reference images, because the tests bring their own."""
    with TemporaryDirectory(prefix="fashionsdk-golden-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "REFERENCE_IMAGES", 2)
        yield cache(lambda model: pipeline.build_bundle(imported(model).checkpoint, Path(folder) / model).bundle)
