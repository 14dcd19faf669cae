"""How many bytes an item do its vectors need? MAP and nearest photos kept, by the budget of compact vectors.

    python benchmarks compact runs/shop/best --data shop/labels.csv --bytes 96 144 272 528 1040

Directions are fitted to the training photos, lengths chosen and everything measured on the validation split, as
``python export/build_engine.py --bytes-per-item`` does. The first line is the model's own vectors, in float32.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from fashionsdk_export.compact import PhotoVectors, compact
from fashionsdk_export.errors import ExportError
from fashionsdk_export.parity import CalibrationPhotos
from fashionsdk_training.checkpoint import Checkpoint
from harness.tables import json_lines, table
from harness.this_machine import machine

COLUMNS = ("bytes an item", "MAP", "nearest kept", "worst attribute", "numbers")


def main() -> None:
    """Print the table and JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="label table")
    parser.add_argument("--bytes", type=int, nargs="+", default=[96, 144, 272, 528, 1040], metavar="N")
    args = parser.parse_args()
    checkpoint = Checkpoint.load(args.checkpoint)
    names = [attribute.name for attribute in checkpoint.attributes]
    photos = CalibrationPhotos.from_table(args.data).for_attributes(names)
    model = checkpoint.build()
    vectors = PhotoVectors.of(model, checkpoint.preprocessing, photos, progress=True)
    rows: list[tuple[str, ...]] = []
    for budget in args.bytes:
        try:
            made = compact(model, checkpoint.attributes, vectors, budget)
        except ExportError as error:
            print(f"{budget} bytes: {error}")
            continue
        figures, lengths = made.figures, made.model.directions.lengths
        least, worst = min((share, name) for name, share in figures.agreement.items())
        if not rows:
            rows.append((f"{figures.full_bytes:,} (float32)", f"{figures.full_map:.2f}", "100.0 %", "", ""))
        rows.append(
            (
                str(figures.bytes),
                f"{figures.map:.2f}",
                f"{np.mean(list(figures.agreement.values())):.1%}",
                f"{worst} {least:.1%}",
                ", ".join(map(str, lengths)),
            )
        )
    print(table(COLUMNS, rows))
    print(json_lines([dict(zip(COLUMNS, row, strict=True)) for row in rows]))
    print(json.dumps(machine("torch")))


if __name__ == "__main__":
    main()
