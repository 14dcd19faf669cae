"""A table to tune on: an eighth of the training photos become its validation split, the old one is left out.

    python benchmarks fold --data shop/labels.csv --out runs/fold/labels.csv

Which eighth follows from each photo's path, so the same photos are held out every time.
"""

import argparse
import hashlib
import os
from pathlib import Path

from fashionsdk.labels import write_csv
from harness.label_csv import read_rows

PARTS = 8


def held_out(image: str) -> bool:
    return int(hashlib.sha256(image.encode()).hexdigest(), 16) % PARTS == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="CSV table with a train split")
    parser.add_argument("--out", required=True, type=Path, help="the table to write")
    args = parser.parse_args()
    rows = read_rows(args.data, "train")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for row in rows:
        row["split"] = "valid" if held_out(row["image"]) else "train"
        row["image"] = os.path.relpath(args.data.parent / row["image"], args.out.parent)
    write_csv(args.out, list(rows[0]), rows)
    counts = [sum(row["split"] == split for row in rows) for split in ("train", "valid")]
    print(f"{args.out}: {counts[0]} photos to train on, {counts[1]} to evaluate on")


if __name__ == "__main__":
    main()
