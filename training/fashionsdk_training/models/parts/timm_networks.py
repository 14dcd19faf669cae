"""Build timm's networks for an input of a given size, and refuse a size that a network cannot take."""

from typing import Any, cast

import timm
from torch import nn

Size = tuple[int, int]  # height and width in pixels

# What timm raises for a name, a feature map or an option that it lacks.
_BUILD_ERRORS = (RuntimeError, AssertionError, IndexError, AttributeError, TypeError)


def size_options(name: str, input: Size | None) -> dict[str, Any]:
    """Return the options that tell timm the input's size, for a network whose parameters depend on it.

    Vision transformers have an embedding for each position, and Swin's windows depend on the size. Others take any.

    Args:
        name: a timm model.
        input: height and width in pixels, or None for the size that timm builds it for.
    """
    described = timm.get_pretrained_cfg(name)
    fixed = input is not None and described is not None and described.fixed_input_size
    return {"img_size": input} if fixed else {}


def build_network(name: str, input: Size | None, **options: Any) -> nn.Module:
    """Return a timm network for an input of this size.

    Args:
        name: a timm model.
        input: height and width in pixels, or None for the size that timm builds it for.
        options: of ``timm.create_model``.

    Raises:
        ValueError: timm has no such model or feature map, or the model cannot take such an input.
    """
    try:
        net = cast(nn.Module, timm.create_model(name, **options, **size_options(name, input)))
    except _BUILD_ERRORS as error:
        raise ValueError(_failure(name, input, options, error)) from error
    check_input(net, name, input)
    return net


def _failure(name: str, input: Size | None, options: dict[str, Any], error: Exception) -> str:
    cut = f" cut at stage {', '.join(map(str, options['out_indices']))}" if "out_indices" in options else ""
    sized = f" for {input[0]} x {input[1]} pixels" if input is not None and "img_size" in str(error) else ""
    return f"timm cannot build backbone {name!r}{cut}{sized}: {error}"


def check_input(net: nn.Module, name: str, input: Size | None) -> None:
    """Raise a ValueError if a side of the input is not a whole number of the network's patches."""
    patch = patch_size(net)
    if input is None or patch is None or not any(side % length for side, length in zip(input, patch, strict=True)):
        return
    high, wide = (_nearest(side, length) for side, length in zip(input, patch, strict=True))
    nearest = high if input[0] == input[1] and patch[0] == patch[1] else f"{high} high, {wide} wide"
    raise ValueError(
        f"backbone {name!r} cuts its input into patches of {patch[0]} x {patch[1]} pixels, and {input[0]} x {input[1]} "
        f"is no whole number of them; the nearest sides are {nearest}"
    )


def _nearest(side: int, length: int) -> str:
    """Return the multiples of ``length`` around ``side``, without zero."""
    around = sorted({side // length * length, -(-side // length) * length} - {0})
    return " or ".join(map(str, around))


def patch_size(net: nn.Module) -> Size | None:
    """Return height and width of the patches that a network, whole or cut, begins with; None if it has none."""
    size = getattr(getattr(getattr(net, "model", net), "patch_embed", None), "patch_size", None)
    return (int(size[0]), int(size[1])) if isinstance(size, tuple) else None
