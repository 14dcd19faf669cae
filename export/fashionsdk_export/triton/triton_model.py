"""One model of a repository: its configuration, and what lies in its version's folder."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fashionsdk.bundle import REFERENCE_FILE, Bundle, Precision
from fashionsdk_export.triton.model_tensors import Tensor
from fashionsdk_export.triton.text_format import Message, to_text

CONFIG_FILE = "config.pbtxt"
BUNDLE_FOLDER = "bundle"


@dataclass(frozen=True)
class TritonModel:
    """A model as the server loads it.

    Attributes:
        name: its name.
        inputs: its inputs.
        outputs: its outputs.
        config: its configuration.
        files: the files of its version: their names there, and what is copied.
        bundle: a bundle that is written beside them, as `BUNDLE_FOLDER`; ``None`` for none.
    """

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    config: Message
    files: Mapping[str, Path]
    bundle: "BundlePart | None"

    def summary(self) -> str:
        """Return its name, what computes it, its inputs and its outputs."""
        inputs, outputs = (", ".join(map(str, tensors)) for tensors in (self.inputs, self.outputs))
        return f"{self.name}, {self.config.get('backend', self.config.get('platform'))}: {inputs} -> {outputs}"

    def write(self, repository: Path, version: int) -> None:
        """Write the model's folder into a repository."""
        folder = repository / self.name / str(version)
        folder.mkdir(parents=True)  # also where no file follows: a model without a version is not loaded
        (folder.parent / CONFIG_FILE).write_text(to_text(self.config), encoding="utf-8")
        for name, source in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)
        if self.bundle is not None:
            self.bundle.write(folder / BUNDLE_FOLDER)


@dataclass(frozen=True)
class BundlePart:
    """A bundle with one of its graphs, and with that graph's engines."""

    bundle: Bundle
    precision: Precision

    def write(self, out: Path) -> None:
        """Write it to a new folder."""
        manifest = self.bundle.manifest
        graphs = tuple(each for each in manifest.graphs if each.precision == self.precision)
        engines = tuple(each for each in manifest.engines if each.precision == self.precision)
        kept = {*(graph.file for graph in graphs), *(engine.file for engine in engines)}
        others = {*manifest.graph_and_engine_files(), REFERENCE_FILE} - kept
        names = [name for name in manifest.files if name not in others]
        Bundle.write(
            out,
            manifest=replace(manifest, graphs=graphs, engines=engines, files={}),
            graphs={name: self.bundle.path / name for name in names},
            reference=self.bundle.reference(),
        )
