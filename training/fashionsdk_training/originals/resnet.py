"""Name the ResNet that a set of torchvision parameter names belongs to."""

import re
from collections.abc import Collection

from fashionsdk_training.errors import CheckpointError

# Blocks in the first three stages, which the originals use, and whether a block has three convolutions.
_RESNETS = {
    ((2, 2, 2), False): "resnet18",
    ((3, 4, 6), False): "resnet34",
    ((3, 4, 6), True): "resnet50",
    ((3, 4, 23), True): "resnet101",
    ((3, 8, 36), True): "resnet152",
}
_BLOCK = re.compile(r"layer([123])\.(\d+)\.")


def name_resnet(keys: Collection[str]) -> str:
    """Return timm's name of the ResNet with these parameters, such as ``resnet50``.

    Raises:
        CheckpointError: it is not one of the five.
    """
    numbers = {(int(match[1]), int(match[2])) for key in keys if (match := _BLOCK.match(key))}
    blocks = tuple(sum(stage == other for other, _ in numbers) for stage in (1, 2, 3))
    bottleneck = "layer1.0.conv3.weight" in keys
    if name := _RESNETS.get((blocks, bottleneck)):  # type: ignore[arg-type]
        return name
    kind = "three" if bottleneck else "two"
    raise CheckpointError(
        f"a backbone with {blocks} blocks of {kind} convolutions in its first three stages; "
        f"expected {', '.join(_RESNETS.values())}"
    )
