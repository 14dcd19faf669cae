"""Check what an export is asked for, before anything slow is imported or done."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.bundle import Bundle, Precision
from fashionsdk_export.errors import ExportError
from fashionsdk_export.parity import CalibrationPhotos


def check_arguments(
    out: str | Path,
    precisions: Sequence[Precision],
    photos: CalibrationPhotos,
    map_loss: float | None,
    bytes_per_item: int | None = None,
    *,
    overwrite: bool,
) -> None:
    """Check the arguments of `fashionsdk_export.pipeline.build_bundle`.

    Raises:
        BundleError: ``out`` exists and may not be replaced.
        ExportError: int8 was asked for without photos, or compact vectors without labelled ones.
        ValueError: no precision is given, one twice or an unknown one, ``map_loss`` is negative, or ``bytes_per_item``
            below 1.
    """
    known = get_args(Precision)
    if not precisions or len(set(precisions)) < len(precisions) or not set(precisions) <= set(known):
        raise ValueError(f"precisions are {precisions!r}; expected one or more of {', '.join(known)}, each once")
    if map_loss is not None and not 0 <= map_loss < math.inf:
        raise ValueError(f"map_loss is {map_loss}; expected points of MAP, 0 or more")
    if "int8" in precisions and not photos.paths:
        raise ExportError("int8 is calibrated on photos like those of later use; give a table or a folder of photos")
    if bytes_per_item is not None:
        whole_number(bytes_per_item, "bytes_per_item", otherwise="None")
        if photos.split is None:
            raise ExportError("compact vectors are chosen by measuring on labelled photos; give a table, as --data")
    Bundle.check_writable(out, overwrite=overwrite)
