"""What commands that write an HTML page share."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fashionsdk.cli._out_file import OutKind, output_path, writing
from fashionsdk.cli._output import note
from fashionsdk.errors import BundleError

if TYPE_CHECKING:
    from fashionsdk.embedding import Embedder
    from fashionsdk.photos import Preprocessing


def page_path(args: argparse.Namespace, inputs: Iterable[str]) -> Path:
    """Return where the page goes; see `fashionsdk.cli._out_file.output_path`."""
    kind = OutKind("an HTML page", (".html", ".htm"), _is_page)
    return output_path(args.out, kind, bundle=args.bundle, inputs=inputs)


def _is_page(file: BinaryIO) -> bool:
    from fashionsdk.report import is_page  # slow, and only needed where a file is to be replaced

    return is_page(file)


def write_page(out: Path, page: str) -> None:
    """Write the page in one step."""
    with writing(out) as file:
        file.write(page.encode("utf-8"))
    note(f"wrote {out}")


_SHOWN = {"crop": "the middle of a photo", "pad": "the whole photo"}


def facts(embedder: "Embedder", data: Mapping[str, str]) -> dict[str, str]:
    """Return the facts at the top of a page: about the model, the data and the run."""
    from datetime import UTC, datetime

    manifest = embedder.bundle.manifest
    return {
        "Model": manifest.model.architecture,
        "Backbone": manifest.model.backbone,
        **data,
        "Attributes": f"{len(manifest.attributes)}",
        "Vector": f"{embedder.dimension} numbers an attribute",
        "Input": _input(manifest.preprocessing),
        "Ran on": f"{embedder.backend.runtime}, {embedder.backend.device}, {embedder.backend.precision}",
        "Digest": embedder.model[:16],
        "Date": datetime.now(UTC).date().isoformat(),
    }


def _input(preprocessing: "Preprocessing") -> str:
    """Say the input's size, width first as photos have it, and what it shows."""
    return f"{preprocessing.width} x {preprocessing.height} pixels, {_SHOWN[preprocessing.fit]}"


def require_attention(embedder: "Embedder") -> None:
    """Check, before any photo is read, that the model has attention maps.

    Raises:
        BundleError: it has none.
    """
    manifest = embedder.bundle.manifest
    if manifest.attention_shape is None:
        raise BundleError(
            f"{embedder.bundle.path}: its model, {manifest.model.architecture}, has no attention maps; expected one "
            "with spatial attention, such as asen_v2"
        )
