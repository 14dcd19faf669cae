"""A trained model on disk: ``model.safetensors`` and ``config.json``. Only this module reads and writes them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from fashionsdk._tools import strict_json
from fashionsdk._tools.files import own_digest
from fashionsdk._tools.files.atomic_folder import check_replacing_folder, existing_folder, replacing_folder
from fashionsdk._tools.files.regular_file import open_regular, read_regular, system_errors_as
from fashionsdk.attributes import Attribute
from fashionsdk.photos import Preprocessing
from fashionsdk_training.config import ModelConfig
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.models import AllocationLimit, AttributeModel, build_model

FORMAT_VERSION = 3
WEIGHTS_FILE, CONFIG_FILE = "model.safetensors", "config.json"
SPARE_BYTES = 1 << 30  # that building a network may take beyond its weights: timm builds a backbone before it is cut
MAX_CONFIG_BYTES = 16 * 1024 * 1024  # as of a bundle's manifest, which has the same history


@dataclass(frozen=True)
class CheckpointConfig:
    """The content of ``config.json``.

    Attributes:
        format_version: of this file.
        model: architecture and backbone.
        preprocessing: from a photo to the model's input.
        attributes: with their value names, in the order of the model's outputs.
        revision: the model's digest, see ``Checkpoint.digest``.
        metrics: validation figures of these weights, in percent.
        history: one row an epoch.
        data_digest: sha256 of the labels of training, "" if unknown.
        recipe: the training settings, as JSON.
    """

    format_version: int
    model: ModelConfig
    preprocessing: Preprocessing
    attributes: tuple[Attribute, ...]
    revision: str
    metrics: Mapping[str, float]
    history: tuple[Mapping[str, float], ...]
    data_digest: str
    recipe: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model's weights, and everything needed to use them.

    ``Checkpoint.load(path).build()`` returns the module in eval mode.
    """

    model: ModelConfig
    preprocessing: Preprocessing
    attributes: tuple[Attribute, ...]
    weights: Mapping[str, Tensor]
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: tuple[Mapping[str, float], ...] = ()
    data_digest: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The model's digest: sha256 over weights, model settings, preprocessing and attributes."""
        return self._digest(self._weight_bytes())

    def build(self) -> AttributeModel:
        """Return the model with these weights, in eval mode, on the CPU.

        Raises:
            CheckpointError: a parameter is missing, unknown or of another shape, or timm has no such backbone.
        """
        try:
            with AllocationLimit(SPARE_BYTES + 4 * sum(value.nbytes for value in self.weights.values())):
                model = build_model(self.model, len(self.attributes), input=self.preprocessing.shape[:2])
        except ValueError as error:
            raise CheckpointError(f"the network that {CONFIG_FILE} describes cannot be built: {error}") from error
        expected = model.state_dict()
        if wrong := sorted(set(expected) ^ set(self.weights)):
            kind = "missing from" if wrong[0] in expected else "unknown in"
            raise CheckpointError(f"{len(wrong)} keys differ from the model's; {wrong[0]} is {kind} the checkpoint")
        for key, tensor in expected.items():
            if tensor.shape != self.weights[key].shape:
                raise CheckpointError(
                    f"{key} has shape {tuple(self.weights[key].shape)}; the model expects {tuple(tensor.shape)}"
                )
        model.load_state_dict(dict(self.weights))
        return model.eval()

    @staticmethod
    def check_writable(path: str | Path, *, overwrite: bool = False) -> None:
        """Check that `save` may write to ``path``; call it before the work whose result is saved.

        Args:
            path: the folder.
            overwrite: whether a checkpoint may be replaced.

        Raises:
            CheckpointError: the folder cannot be written, holds something else, or holds a checkpoint.
        """
        folder = Path(path)
        with system_errors_as(CheckpointError, f"cannot write the checkpoint {folder}"):
            check_replacing_folder(folder)
            names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        if other := [name for name in names if name not in (WEIGHTS_FILE, CONFIG_FILE)]:
            raise CheckpointError(
                f"{folder / other[0]} is no part of a checkpoint and would be lost; choose another folder"
            )
        if names and not overwrite:
            raise CheckpointError(f"{folder} holds a checkpoint; replace it with --overwrite, or choose another folder")

    def save(self, path: str | Path) -> None:
        """Write the checkpoint folder in one step: a reader sees the old one or the new one, never a mixture.

        Raises:
            CheckpointError: the folder cannot be written, or holds something else than a checkpoint.
        """
        self.check_writable(path, overwrite=True)
        weights = self._weight_bytes()
        config = CheckpointConfig(
            FORMAT_VERSION,
            self.model,
            self.preprocessing,
            self.attributes,
            self._digest(weights),
            self.metrics,
            self.history,
            self.data_digest,
            self.recipe,
        )
        described = {own_digest.KEY: own_digest.NO_DIGEST, **strict_json.encode(config)}
        text = own_digest.with_digest(json.dumps(described, indent=1, allow_nan=False).encode())
        failed = f"cannot write the checkpoint {path}"
        with system_errors_as(CheckpointError, failed), replacing_folder(path) as folder:
            (folder / WEIGHTS_FILE).write_bytes(weights)
            (folder / CONFIG_FILE).write_bytes(text)

    @classmethod
    def load(cls, path: str | Path) -> "Checkpoint":
        """Read a checkpoint folder.

        Raises:
            CheckpointError: it is missing or damaged, of another format, or its weights do not fit its digest.
        """
        folder = existing_folder(path)
        try:
            config = _read_config(folder)
            weights = load(read_regular(folder / WEIGHTS_FILE))
        except (OSError, ValueError, SafetensorError) as error:
            raise CheckpointError(f"{folder}: not a readable checkpoint: {error}") from error
        checkpoint = cls(
            config.model,
            config.preprocessing,
            config.attributes,
            weights,
            config.metrics,
            config.history,
            config.data_digest,
            config.recipe,
        )
        if checkpoint.digest != config.revision:
            raise CheckpointError(f"{folder}: the weights are not those of {CONFIG_FILE}: copy the whole folder again")
        return checkpoint

    def _weight_bytes(self) -> bytes:
        return save({key: self.weights[key].detach().cpu().contiguous() for key in sorted(self.weights)})

    def _digest(self, weights: bytes) -> str:
        described = [strict_json.encode(part) for part in (self.model, self.preprocessing, self.attributes)]
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
        digest.update(weights)
        return digest.hexdigest()


def _read_config(folder: Path) -> CheckpointConfig:
    """Read ``config.json``.

    Raises:
        CheckpointError: it has another format.
        ValueError: it is damaged, or a setting is out of range.
        OSError: it cannot be read.
    """
    with open_regular(folder / CONFIG_FILE) as file:
        text = file.read(MAX_CONFIG_BYTES + 1)
    if len(text) > MAX_CONFIG_BYTES:
        raise ValueError(f"{CONFIG_FILE} has over {MAX_CONFIG_BYTES} bytes")
    data = strict_json.loads(text)
    version = data.get("format_version") if isinstance(data, dict) else None
    if type(version) is not int or version != FORMAT_VERSION:
        raise CheckpointError(f"{folder}: format {version!r:.60}; this version reads {FORMAT_VERSION}: train again")
    digest = data.pop(own_digest.KEY, None)
    config = strict_json.decode(CheckpointConfig, data, CONFIG_FILE)
    own_digest.check_digest(text, digest)
    return config
