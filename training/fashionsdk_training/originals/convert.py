"""Convert a checkpoint file of one of the papers' programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fashionsdk.attributes import Attribute
from fashionsdk.photos import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import IMAGENET_MEAN, IMAGENET_STD, LocalBranch, ModelConfig, Original
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.originals.layouts import LAYOUTS, Layout
from fashionsdk_training.originals.read_original import read_original
from fashionsdk_training.originals.resnet import name_resnet
from fashionsdk_training.originals.sizes import read_local_sizes, read_sizes

SIDE, PICTURE_SIDE = 224, 448  # pixels of the originals' input; here, of the picture that ASEN++ cuts regions from


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Attributes:
        checkpoint: the converted one.
        left_out: parameters of the file that the network never reads, and the reason.
    """

    checkpoint: Checkpoint
    left_out: Mapping[str, str]

    def summary(self) -> str:
        """Return a few lines for a person."""
        config, reasons = self.checkpoint.model, sorted(set(self.left_out.values()))
        local = "" if config.local is None else f" and {config.local.backbone}"
        names = ", ".join(attribute.name for attribute in self.checkpoint.attributes)
        lines = [f"{config.architecture} on {config.backbone}{local}, {len(self.checkpoint.weights)} tensors: {names}"]
        for reason in reasons:
            keys = [key for key, why in self.left_out.items() if why == reason]
            lines.append(f"left out {len(keys)} tensors ({keys[0]}, ...): {reason}")
        return "\n".join(lines)


def import_original(
    path: str | Path,
    model: Original,
    *,
    attributes: Sequence[Attribute] | None = None,
    side: int | None = None,
    threshold: float | None = None,
    beta: float | None = None,
) -> Imported:
    """Read a ``.pth.tar`` file of one of the original programs.

    Backbone, sizes and the number of attributes follow from the parameters' names and shapes.

    Args:
        path: the file.
        model: the program that wrote it.
        attributes: their names and values in the original's order; default: ``attribute-1``, ...
        side: S of the checkpoint, by default 224. For ASEN++ 448: regions are cut from this picture.
        threshold: ASEN++'s, default 0.1.
        beta: ASEN++'s, default 0.6.

    Raises:
        CheckpointError: the file cannot be read, or a parameter is missing, unknown or of another shape.
        ValueError: the number of attributes is not the file's, or a setting is out of range.
    """
    chosen: dict[str, Any] = {
        name: value for name, value in {"threshold": threshold, "beta": beta}.items() if value is not None
    }
    if chosen and model != "asen_pp":
        raise ValueError(f"{', '.join(chosen)} given for {model}; only asen_pp has them")
    layout, parameters = LAYOUTS[model], read_original(path)
    try:
        weights, left_out = _rename(parameters, layout)
        config, count = _config(weights, parameters, layout)
        if config.local is not None:
            config = replace(config, local=replace(config.local, **chosen))
        side = (SIDE if config.local is None else PICTURE_SIDE) if side is None else side
        preprocessing = Preprocessing(side, reducing_gap=None)  # the programs decode every pixel
        checkpoint = Checkpoint(config, preprocessing, _attributes(attributes, count), weights)
        checkpoint.build()
    except CheckpointError as error:
        raise CheckpointError(f"{path} as {model}: {error}") from error
    return Imported(checkpoint, left_out)


def _rename(parameters: Mapping[str, Tensor], layout: Layout) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors by our names, and the reasons of those left out."""
    weights: dict[str, Tensor] = {}
    left_out: dict[str, str] = {}
    for key, value in parameters.items():
        if reason := next((why for prefix, why in layout.left_out.items() if key.startswith(prefix)), None):
            left_out[key] = reason
            continue
        prefix = next((prefix for prefix in layout.rules if key.startswith(prefix)), None)
        if prefix is None:
            raise CheckpointError(f"{key} is not a parameter of this program; is --model right?")
        weights[layout.rules[prefix] + key.removeprefix(prefix)] = value
    if layout.architecture == "asen" and "score.weight" in weights:
        weights["score.weight"] = weights["score.weight"].flatten(1)  # a 1 x 1 convolution there, a linear layer here
    weights |= {name: torch.tensor(value).view(1, 3, 1, 1) * 255 for name, value in _NORMALISATION.items()}
    return weights, left_out


_NORMALISATION = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}


def _config(weights: Mapping[str, Tensor], parameters: Mapping[str, Tensor], layout: Layout) -> tuple[ModelConfig, int]:
    """Return the network's settings and its number of attributes."""
    resnets = [
        name_resnet({key.removeprefix(prefix) for key in parameters if key.startswith(prefix)})
        for prefix in layout.backbones
    ]
    sizes, count = read_sizes(layout.architecture, weights)
    local = LocalBranch(resnets[1], 3, *read_local_sizes(weights)) if layout.architecture == "asen_pp" else None
    config = ModelConfig(layout.architecture, resnets[0], 3, IMAGENET_MEAN, IMAGENET_STD, local=local, **sizes)
    return config, count


def _attributes(given: Sequence[Attribute] | None, count: int) -> tuple[Attribute, ...]:
    if given is None:
        return tuple(Attribute(f"attribute-{index + 1}", ()) for index in range(count))
    if len(given) != count:
        names = ", ".join(attribute.name for attribute in given)
        raise ValueError(f"{len(given)} attributes given ({names}); the file holds {count}")
    return tuple(given)
