"""What does a setting of a recipe gain? Runs on folds, draws of photos and seeds, beside linear classifiers.

    python benchmarks settings --data shop/labels.csv --out runs/settings \\
        --try - --try optimisation.learning_rate=1e-3 --try "side=160 stored_side=184" --folds 0 1 --seeds 0 1 2

``-`` is the recipe as it is. A fold is every fifth block of 25 training rows, held out in place of the validation
split, so that neighbours in the table, often photos of one product, stay together. ``--folds valid`` takes the
validation split itself; do that once, at the end. ``--photos 500`` trains on a random draw of the training rows,
another for each seed. A run that is done is not run again.
"""

import argparse
import csv
import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fashionsdk.labels import read_csv
from fashionsdk_training.cli import show_log
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.recipes import RECIPES
from harness.tables import json_lines, spread, table
from harness.this_machine import machine
from harness.training_runs import Run

FOLDS, BLOCK = 5, 25
ITSELF, VALID = "-", "valid"


def with_setting(config: Any, name: str, value: Any) -> Any:
    """Return settings with one of them changed; ``name`` leads through their parts, such as ``model.stage``.

    Raises:
        ValueError: there is no such setting.
    """
    head, _, rest = name.partition(".")
    names = [field.name for field in fields(config)] if is_dataclass(config) else []
    if head not in names:
        raise ValueError(f"there is no setting {head!r}; expected one of {', '.join(names)}")
    part = with_setting(getattr(config, head), rest, value) if rest else value
    return replace(config, **{head: part})


def variant(config: TrainConfig, text: str) -> TrainConfig:
    """Return the recipe with the settings in ``text``, ``name=value`` between spaces; ``-`` changes nothing."""
    for pair in [] if text == ITSELF else text.split():
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair!r} is no setting; expected name=value")
        try:
            read: Any = json.loads(value)
        except json.JSONDecodeError:
            read = value
        config = with_setting(config, name, tuple(read) if isinstance(read, list) else read)
    return config


def split_of(row: int, split: str, fold: str) -> str:
    """Return the split of the ``row``-th training row, or of another row, in a fold's table; "" leaves it out."""
    if fold == VALID:
        return split if split in ("train", VALID) else ""
    if split != "train":
        return ""
    return VALID if row // BLOCK % FOLDS == int(fold) else "train"


def write_fold(source: Path, fold: str, photos: int, seed: int, out: Path) -> Path:
    """Write the table of a fold with a draw of its training rows; return its path."""
    text, count, rows = read_csv(source), 0, []
    where, image = text.columns.index("split"), text.columns.index("image")
    for _, cells in text.rows:
        given = list(cells)
        split = split_of(count, given[where], fold)
        count += given[where] == "train"
        if split:
            given[where], given[image] = split, str((source.parent / given[image]).resolve())
            rows.append(given)
    train = [index for index, row in enumerate(rows) if row[where] == "train"]
    if photos:
        kept = set(np.random.default_rng(seed).permutation(train)[:photos].tolist())
        rows = [row for index, row in enumerate(rows) if index in kept or row[where] != "train"]
    name = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]
    path = out / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([text.columns, *rows])
    return path


def run(config: TrainConfig, args: argparse.Namespace, text: str, fold: str) -> dict[str, Any]:
    """Train one variant on one fold with one seed; return its figures."""
    labels = write_fold(args.data, fold, args.photos, config.seed, args.out / "tables")
    name = hashlib.sha256(f"{args.recipe} {text} {config.seed} {labels.stem}".encode()).hexdigest()[:12]
    metrics = Run(config, labels, args.out / name, args.out / "photos", baseline=True).result()["metrics"]
    return {"settings": text, "fold": fold, "photos": args.photos, "seed": config.seed, **metrics}


def table_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the markdown table: MAP of linear classifiers and of each variant, mean and deviation over its runs."""
    names = [name for name in records[0] if name == "map" or name.startswith("map/")]
    header = ["settings", "runs", *("all" if name == "map" else name.partition("/")[2] for name in names), "least gain"]
    first = records[0]["settings"]
    rows = [line("linear classifiers", [each for each in records if each["settings"] == first], names, "linear_")]
    for settings in dict.fromkeys(str(each["settings"]) for each in records):
        mine = [each for each in records if each["settings"] == settings]
        gain = min(each["map"] - each["linear_map"] for each in mine)
        rows.append([*line(settings, mine, names, "")[:-1], f"{gain:+.1f}"])
    return table(header, rows)


def line(title: str, records: Sequence[Mapping[str, Any]], names: Sequence[str], prefix: str) -> list[str]:
    """Return one line of the table, without a gain."""
    values = [[each[f"{prefix}{name}"] for each in records if f"{prefix}{name}" in each] for name in names]
    return [title, str(len(records)), *(spread(of) if of else "" for of in values), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="label table with the columns image and split")
    parser.add_argument("--out", required=True, type=Path, help="folder of the runs, table.md and scores.jsonl")
    parser.add_argument("--recipe", choices=RECIPES, default="cam_cpu", help="what is varied (default: %(default)s)")
    parser.add_argument("--try", action="append", dest="tries", metavar="NAME=VALUE ...", help="- is the recipe itself")
    parser.add_argument("--folds", nargs="+", default=["0"], choices=[*map(str, range(FOLDS)), VALID])
    parser.add_argument("--photos", type=int, default=0, help="train on a draw of so many (default: all)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    args = parser.parse_args()
    show_log()
    recipe, records = RECIPES[args.recipe](), []
    try:
        variants = {text: variant(recipe, text) for text in args.tries or [ITSELF]}
    except (ValueError, TypeError) as error:
        parser.error(str(error))
    for seed in args.seeds:
        for fold in args.folds:
            for text, config in variants.items():
                records.append(run(replace(config, seed=seed), args, text, fold))
                print(f"{json.dumps(records[-1], ensure_ascii=False)}", flush=True)
    text = table_text(records)
    (args.out / "scores.jsonl").write_text(f"{json_lines(records)}\n", encoding="utf-8")
    (args.out / "table.md").write_text(f"{text}\n", encoding="utf-8")
    mean = statistics.mean(each["map"] - each["linear_map"] for each in records)
    print(f"\nMAP in percent\n\n{text}\n\nmean gain {mean:+.2f}\n{json.dumps(machine('torch', 'timm'))}")


if __name__ == "__main__":
    main()
