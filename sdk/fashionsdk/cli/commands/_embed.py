"""``fashionsdk embed``: photos to vectors in one ``.npz`` file."""

import argparse
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._options import Help, Subparsers, add_command, add_photo_options, chosen_photos, load_embedder
from fashionsdk.cli._out_file import OutKind, output_path, writing
from fashionsdk.cli._output import note, print_json

ARRAYS = frozenset(("keys", "vectors", "attributes", "model"))

HELP = Help(
    name="embed",
    summary="embed photos into a NumPy file",
    description="""\
Embed photos and write the vectors to a NumPy .npz file with these arrays:

  keys        (N,)         the photos' paths, as given
  vectors     (N, A, D)    float32, one unit-length vector for each attribute
  attributes  (A,)         the attributes' names
  model       ()           digest of the model; compare vectors of one model only
  attention   (N, A, h, w) with --attention: where the model looked, sums to 1

The cosine of photos i and j in attribute a is vectors[i, a] @ vectors[j, a].""",
    examples="""\
  fashionsdk embed bundle/ photos/ --out photos.npz
  fashionsdk embed bundle/ one.jpg two.png --out two.npz --attention --device cpu""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_photo_options(parser, "the .npz file to write; one that this command wrote is replaced")
    parser.add_argument("--attention", action="store_true", help="store the attention maps as well")


def run(args: argparse.Namespace) -> int:
    """Embed the photos and write the file."""
    found = chosen_photos(args)
    photos = found.photos
    kind = OutKind("an .npz file of embeddings", (".npz",), _wrote)
    out = output_path(args.out, kind, bundle=args.bundle, inputs=photos)
    with load_embedder(args) as embedder:
        photo_run = PhotoRun.of(embedder, found, args.on_error)
        keys, vectors, attention = [], [], []
        for position, embeddings in photo_run(photos, attention=args.attention):
            keys.append(photos[position])
            vectors.append(embeddings.vectors)
            if embeddings.attention is not None:
                attention.append(embeddings.attention)
        _write(out, photo_run, keys, vectors, attention)
        note(f"wrote {len(keys)} photos to {out}")
        if args.json:
            print_json({"out": str(out), "attributes": photo_run.attributes, **photo_run.summary()})
    return 0


def _wrote(file: BinaryIO) -> bool:
    """Tell whether a file holds the arrays that this command writes; a workbook is a ZIP archive too."""
    try:
        with zipfile.ZipFile(file) as archive:
            return {f"{name}.npy" for name in ARRAYS} <= set(archive.namelist())
    except Exception:  # zipfile fails on other files in many ways
        return False


def _write(out: Path, photo_run: PhotoRun, keys: list[str], vectors: list[Any], attention: list[Any]) -> None:
    import numpy as np

    arrays = {
        "keys": np.array(keys, dtype=np.str_),
        "vectors": np.concatenate(vectors),
        "attributes": np.array(photo_run.attributes, dtype=np.str_),
        "model": np.array(photo_run.embedder.model, dtype=np.str_),
    }
    if attention:
        arrays["attention"] = np.concatenate(attention)
    with writing(out) as file:
        np.savez(file, allow_pickle=False, **arrays)
