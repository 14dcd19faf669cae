"""The export of a network that was exported before: tracing one takes PyTorch seconds, for the same graph each time."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from torch import nn

from fashionsdk._tools.files.atomic_file import locked
from fashionsdk_export import pipeline
from fashionsdk_export.graph import export_graph


def traced_once(folder: Path) -> Callable[..., None]:
    """Return ``export_graph``, except that a network which it wrote into ``folder`` before is copied from there.

    Workers may share the folder.
    """
    folder.mkdir(exist_ok=True)

    def export(static: nn.Module, input: tuple[int, int], path: Path, *, attention: bool = True) -> None:
        name = _digest(static, f"{input} {attention}")
        with locked(folder / f"{name}.lock"):
            if not (folder / name).exists():
                export_graph(static, input, path, attention=attention)
                shutil.copy(path, folder / name)
                return
        shutil.copy(folder / name, path)

    return export


@contextmanager
def exports_by(export: Callable[..., None]) -> Iterator[None]:
    """Let bundles be built with another ``export_graph``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "export_graph", export)
        yield


def _digest(static: nn.Module, options: str) -> str:
    """Return a digest of all that a graph follows from: the layers, their settings, their numbers and the options."""
    digest = sha256(f"{static} {options}".encode())
    for name, module in static.named_modules():
        settings = {key: value for key, value in vars(module).items() if isinstance(value, (int, float, str, tuple))}
        digest.update(f"{name} {settings}".encode())
    for name, value in static.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()
