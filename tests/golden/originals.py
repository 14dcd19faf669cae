"""Checkpoint files as the original programs write them, for any backbone and number of attributes.

``recipe.json`` lists one size of each. The shapes here follow from the programs' own rules, for any size.

Letters: A attributes, C backbone channels.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torchvision

from tests.golden import recipe

Shapes = dict[str, tuple[int, ...]]

PROGRAMS = {
    "asen": "ASENet",
    "asen_v2": "ASENet_V2",
    "csn": "ConditionalSimNet",
    "ag_man": "AG_MAN",
    "asen_pp": "ASENpp",
}  # --model's names and those of recipe.json


@cache
def _torchvision(name: str) -> Shapes:
    with torch.device("meta"):  # shapes only
        state = getattr(torchvision.models, name)(weights=None).state_dict()
    return {key: tuple(value.shape) for key, value in state.items()}


def _resnet(name: str, *, without: tuple[str, ...]) -> Shapes:
    return {key: shape for key, shape in _torchvision(name).items() if not key.startswith(without)}


def channels(name: str) -> int:
    """C of a torchvision ResNet cut after its third stage."""
    return 1024 if "layer1.0.conv3.weight" in _torchvision(name) else 256


def _linear(name: str, rows: int, columns: int) -> Shapes:
    return {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}


def _convolution(name: str, rows: int, columns: int) -> Shapes:
    return {f"{name}.weight": (rows, columns, 1, 1), f"{name}.bias": (rows,)}


def _norm(name: str, width: int) -> Shapes:
    vectors = {f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")}
    return {**vectors, f"{name}.num_batches_tracked": ()}


def _under(prefix: str, shapes: Shapes) -> Shapes:
    return {prefix + key: shape for key, shape in shapes.items()}


def _asen(attributes: int, backbone: str) -> Shapes:
    c = channels(backbone)
    return {
        **_under("backbonenet.", _resnet(backbone, without=("layer4.",))),
        "mask_fc1.weight": (512, attributes),
        "mask_fc2.weight": (1024, attributes),
        **_linear("fc1", 512, c + 1024),
        **_linear("fc2", c, 512),
        **_linear("feature_fc", 1024, c),
        **_convolution("conv1", 512, c),
        **_convolution("conv2", 1, 512),
    }


def _asen_v2(attributes: int, backbone: str) -> Shapes:
    c = channels(backbone)
    return {
        **_under("backbonenet.", _resnet(backbone, without=("layer4.",))),
        "attr_embedding.weight": (attributes, 512),
        **_linear("attr_transform1", 512, 512),
        **_convolution("conv1", 512, c),
        **_norm("img_bn1", 512),
        **_linear("attr_transform2", 512, 512),
        **_linear("fc1", 512, c + 512),
        **_linear("fc2", c, 512),
    }


def _csn(attributes: int, backbone: str) -> Shapes:
    return {
        **_under("embeddingnet.", _resnet(backbone, without=("layer4.",))),
        **_linear("embed_fc", 1024, channels(backbone)),
        "masks.weight": (attributes, 1024),
    }


def _ag_man(attributes: int, backbone: str) -> Shapes:
    c = channels(backbone)
    return {
        **dict.fromkeys(("w", "w1", "w2"), (1,)),
        **_under("backbonenet.", _resnet(backbone, without=("fc.",))),
        **_linear("backbonenet.fc_embed", attributes, 2 * c),
        **_convolution("backbonenet.conv1_1", c, c // 2),
        "attr_embedding.weight": (attributes, 512),
        **_linear("attr_transform1", 512, 512),
        **_convolution("conv1", 512, 2 * c),
        **_norm("img_bn1", 512),
        "sa.conv1.weight": (1, 2, 7, 7),
        **_linear("attr_transform2", 512, 512),
        **_linear("fc1", 512, 1024),
        **_linear("fc2", 512, 512),
        "masks.weight": (attributes, 512),
    }


def _branch(attributes: int, backbone: str, common: int) -> Shapes:
    c = channels(backbone)
    attention = {
        **_linear("attr_transform1", common, 512),
        **_convolution("conv", common, c),
        **_linear("attr_transform2", 512, 512),
        **_linear("fc1", c // 2, c + 512),
        **_linear("fc2", c, c // 2),
        **_linear("feature_fc", 1024, c),
    }
    return {
        "attrnet.attr_embedding.weight": (attributes, 512),
        **_under("basenet.", _resnet(backbone, without=("layer4.", "fc."))),
        **_under("attnnet.", attention),
    }


def _asen_pp(attributes: int, backbone: str, local: str) -> Shapes:
    whole, part = _branch(attributes, backbone, 512), _branch(attributes, local, 256)
    return _under("choices.global.", whole) | _under("choices.local.", part)


def shapes(model: str, attributes: int, backbone: str, local: str) -> Shapes:
    """Return the names and shapes of every parameter in a checkpoint of ``model``; ``local`` is ASEN++'s second one."""
    if model == "asen_pp":
        return _asen_pp(attributes, backbone, local)
    rules = {"asen": _asen, "asen_v2": _asen_v2, "csn": _csn, "ag_man": _ag_man}
    return _under("embeddingnet.", rules[model](attributes, backbone))


def formula_state(
    model: str, attributes: int = 8, backbone: str = "resnet50", local: str = "resnet34", seed: int = 1
) -> dict[str, torch.Tensor]:
    """Return formula-filled parameters under the original's own names; ASEN++'s branches share one table."""
    listed = shapes(model, attributes, backbone, local)
    state = {key: torch.from_numpy(np.asarray(recipe.fill(shape, key, seed))) for key, shape in listed.items()}
    if model == "asen_pp":
        state["choices.global.attrnet.attr_embedding.weight"] = state["choices.local.attrnet.attr_embedding.weight"]
    return state


def write(path: Path, model: str, state: Mapping[str, torch.Tensor]) -> Path:
    """Write ``state`` as the program of ``model`` does, and return ``path``."""
    if model == "asen_pp":
        torch.save({"epoch": 3, "model": dict(state), "mAP": 51.2}, path)
    else:
        torch.save({"epoch": 3, "prec": np.float64(51.2), "state_dict": dict(state)}, path)
    return path
