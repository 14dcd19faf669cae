"""From the colours that an ICC profile describes to sRGB, which models are trained on."""

import hashlib
import io
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

# The kind of values that a profile describes, and the modes of Pillow that hold them.
_SPACES = {
    "RGB": ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA"),
    "GRAY": ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"),
    "CMYK": ("CMYK",),
}
_INPUT = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}

# Profiles of pictures. The others describe a way between two devices, or names of colours.
_CLASSES = ("mntr", "scnr", "prtr", "spac")

# A larger one is ignored; those of printing presses have 2.7 MB at most.
MOST_BYTES = 2**23

# sRGB comes in many profiles, some with rounded numbers. What they change by this many levels of 255 is left as it is.
SAME = 2

# Conversions are made once for a profile; most photos of a shop share a few.
_MOST_KEPT = 32
_conversions: dict[tuple[bytes, str], "ImageCmsTransform | None"] = {}


def conversion(image: Image.Image) -> "ImageCmsTransform | None":
    """Return what converts an image to sRGB; ``None`` if it is in sRGB, or says nothing that can be understood.

    It takes an image of its ``input_mode``: RGB, L or CMYK. Threads may share it.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 128 < len(profile) <= MOST_BYTES:
        return None
    key = hashlib.sha256(profile).digest(), image.mode
    with suppress(KeyError):
        return _conversions[key]
    made = _build(profile, image.mode)
    if len(_conversions) >= _MOST_KEPT:
        _conversions.clear()
    _conversions[key] = made
    return made


def _build(profile: bytes, mode: str) -> "ImageCmsTransform | None":
    space, device = profile[16:20].decode("latin-1").strip(), profile[12:16].decode("latin-1")
    if mode not in _SPACES.get(space, ()) or device not in _CLASSES:
        return None
    from PIL import ImageCms

    try:
        source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        exact = ImageCms.Flags.NOOPTIMIZE if space == "GRAY" else ImageCms.Flags.NONE  # 10 levels off, else as fast
        transform = ImageCms.buildTransform(source, srgb, _INPUT[space], "RGB", flags=exact)
        return None if space != "CMYK" and _changes_little(transform) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # damaged: the pixels count as they are stored
        return None


def _changes_little(transform: "ImageCmsTransform") -> bool:
    """Tell whether a conversion leaves all greys, or a lattice of all colours, as good as unchanged."""
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    if transform.input_mode == "L":
        samples: Any = np.arange(256, dtype=np.uint8)[np.newaxis]
    else:
        samples = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
    before = Image.fromarray(samples)
    after = np.asarray(transform.apply(before)).astype(int)
    return int(np.abs(after - np.asarray(before.convert("RGB"))).max()) <= SAME
