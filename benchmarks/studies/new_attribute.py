"""What does a new attribute reach without training the network again, by photos a value? A table and JSON lines.

    python training/train.py --data shop/labels.csv --out runs/without --attribute category --attribute colour ...
    python benchmarks new_attribute --data shop/labels.csv --attribute neckline \\
        --checkpoint-without runs/without/best --checkpoint-full runs/full/best --out runs/new-attribute

``--checkpoint-without`` never saw the attribute, ``--checkpoint-full`` was trained with it on all its photos. The other
systems learn from the same draws of photos: one linear classifier, compared by the square roots of its class
probabilities (see baselines.py), on the network's own pooled features, and on EfficientNet-Lite0's ImageNet features
of 224 pixels, which a second network would have to compute for every photo.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import baselines
from fashionsdk._tools.progress import progress_bar
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk.photos import Preprocessing
from fashionsdk_training.adding import (
    LabelledPhotos,
    add_attribute,
    encode_bands,
    fit_added,
    load_labelled,
    read_labelled,
)
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli import show_log
from fashionsdk_training.data import cache_photos
from fashionsdk_training.loop import evaluate_model
from fashionsdk_training.probe import fit_probe
from harness.answers import check_equal
from harness.tables import row, spread
from harness.this_machine import machine

Array = NDArray[np.float32]
OURS, POOLED, IMAGENET = "added attribute", "linear, this network's features", "linear, ImageNet features"
MAP_ATOL = 0.1  # percent; the command and this benchmark differ in the order of float32 sums


@dataclass(frozen=True, eq=False)
class Views:
    """Features of the training and validation photos for every system: everything that is computed once."""

    labelled: LabelledPhotos
    questions: RetrievalSplit
    readable: NDArray[np.int64]
    bands: tuple[torch.Tensor, torch.Tensor]
    mirrored: torch.Tensor
    imagenet: tuple[Array, Array]
    dimension: int

    @classmethod
    def load(cls, checkpoint: Checkpoint, data: Path, name: str, cache: Path) -> "Views":
        questions, model = read_retrieval(data, "valid", [name]).select([name]), checkpoint.build()
        labelled, photos = load_labelled(read_labelled(data, name, "train"), checkpoint.preprocessing, cache, None)
        valid = cache_photos(questions.paths, checkpoint.preprocessing, cache)
        (readable,) = np.nonzero(valid.readable)
        sharp = Preprocessing(baselines.SIDE)
        return cls(
            labelled,
            questions,
            readable,
            (encode_bands(model, photos.pixels), encode_bands(model, valid.pixels[readable])),
            encode_bands(model, photos.pixels, mirrored=True),
            (
                baselines.features(cache_photos(labelled.paths, sharp, cache), sharp),
                baselines.features(cache_photos(questions.paths, sharp, cache), sharp)[readable],
            ),
            model.dimension,
        )

    def map_of(self, vectors: Array) -> float:
        """Return the MAP in percent of one embedding ``(M, D)`` for each validation photo that can be read."""
        return evaluate(self.questions, [(self.readable, vectors[:, None])], [self.labelled.attribute.name]).overall.map

    def random_map(self) -> float:
        flat = np.ones((len(self.readable), 1, 1), np.float32)
        return evaluate(self.questions, [(self.readable, flat)], [self.labelled.attribute.name]).overall.random_map

    def scores(self, rows: NDArray[np.int64]) -> dict[str, float]:
        """Return each system's MAP after learning from some of the training photos."""
        values, (bands, valid) = self.labelled.values[rows], self.bands
        added = fit_added(torch.cat([bands[rows], self.mirrored[rows]]), np.tile(values, 2), self.dimension)
        with torch.inference_mode():
            ours = added.embed(valid).numpy()
        pooled = bands[rows].mean(dim=1).numpy(), valid.mean(dim=1).numpy()
        imagenet = self.imagenet[0][rows], self.imagenet[1]
        others = {POOLED: self.linear(*pooled, values), IMAGENET: self.linear(*imagenet, values)}
        return {name: self.map_of(vectors) for name, vectors in {OURS: ours, **others}.items()}

    def linear(self, train: Array, valid: Array, values: NDArray[np.int64]) -> Array:
        """Return a linear classifier's embeddings ``(M, D)`` of the validation photos."""
        return fit_probe(train, values[:, None], [self.labelled.attribute]).embeddings(valid)[:, 0]


def command(checkpoint: Checkpoint, args: argparse.Namespace, per_value: int) -> Mapping[str, float]:
    """Run the user's command; return its MAP and seconds, after checking that no old embedding changed by a bit."""
    begin = time.perf_counter()
    extended = add_attribute(checkpoint, args.data, args.attribute, photos_per_value=per_value, device="cpu")
    seconds = time.perf_counter() - begin
    extended.save(args.out / f"{per_value}-a-value")
    height, width, _ = checkpoint.preprocessing.shape
    images = torch.randint(0, 256, (8, height, width, 3), dtype=torch.uint8)
    with torch.inference_mode():
        old, new = (part.build()(images).embeddings for part in (checkpoint, extended))
    check_equal(old.numpy().tobytes(), new[:, :-1].contiguous().numpy().tobytes(), "old embeddings")
    return {"map": extended.metrics[f"map/{args.attribute}"], "seconds": seconds}


def full_training(checkpoint: Checkpoint, views: Views, cache: Path) -> float:
    photos = cache_photos(views.questions.paths, checkpoint.preprocessing, cache)
    return evaluate_model(checkpoint.build(), checkpoint.attributes, views.questions, photos).overall.map


def table_text(
    scores: Mapping[str, Mapping[int | None, Sequence[float]]], random: float, full: float, photos: int
) -> str:
    """Return the markdown table: MAP in percent, mean over seeds and their standard deviation."""
    columns = list(next(iter(scores.values())))
    heads = ["all" if column is None else f"{column} a value" for column in columns]
    lines = [row(["system", *heads]), row(["---"] * (len(heads) + 1))]
    lines.append(row(["random", *[f"{random:.1f}"] * len(heads)]))
    lines += [row([name, *(spread(of[column]) for column in columns)]) for name, of in scores.items()]
    lines.append(row([f"full training, all {photos} photos", *[""] * (len(heads) - 1), f"{full:.1f}"]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--attribute", required=True)
    parser.add_argument("--checkpoint-without", required=True, type=Path, help="trained without the attribute")
    parser.add_argument("--checkpoint-full", required=True, type=Path, help="trained with it")
    parser.add_argument("--out", required=True, type=Path, help="folder for table.md, scores.jsonl and decoded photos")
    parser.add_argument("--per-value", nargs="+", type=int, default=[20, 50, 200], help="default: 20 50 200")
    parser.add_argument("--seeds", type=int, default=3, help="draws of photos (default: %(default)s)")
    args = parser.parse_args()
    show_log()
    without, cache = Checkpoint.load(args.checkpoint_without), args.out / "photos"
    views = Views.load(without, args.data, args.attribute, cache)
    draws = [(count, seed) for count in args.per_value for seed in range(args.seeds)] + [(None, 0)]
    scores: dict[str, dict[int | None, list[float]]] = defaultdict(lambda: defaultdict(list))
    lines = []
    for count, seed in progress_bar(draws, "learning from draws", None, "draw"):
        rows = views.labelled.draw(count, seed)
        for name, value in views.scores(rows).items():
            scores[name][count].append(value)
            lines.append({"system": name, "photos_a_value": count, "seed": seed, "photos": len(rows), "map": value})
    done, least = command(without, args, args.per_value[0]), scores[OURS][args.per_value[0]][0]
    if abs(done["map"] - least) > MAP_ATOL:
        raise RuntimeError(f"the command reaches MAP {done['map']:.2f}, this benchmark {least:.2f}")
    full = full_training(Checkpoint.load(args.checkpoint_full), views, cache)
    lines.append({"system": "full training", "photos": len(views.labelled.values), "map": full})
    lines.append({"system": "the command", "photos_a_value": args.per_value[0], **done, **machine("torch", "timm")})
    (args.out / "scores.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    text = table_text(scores, views.random_map(), full, len(views.labelled.values))
    (args.out / "table.md").write_text(f"{text}\n")
    print(f"{args.attribute}, MAP in percent\n\n{text}\n\n{json.dumps(lines[-1])}")


if __name__ == "__main__":
    main()
