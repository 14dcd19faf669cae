"""Does `evaluate --against` tell a real drop of quality from noise? Damaged photos, resamples, and random halves.

    python benchmarks drift runs/shop/bundle --data shop/labels.csv

The bundle was exported with the same table, so its manifest records what the photos of the split reached. Three
questions follow. Do blurred and darkened copies of these photos show a drop? How often do resamples of the
unchanged embeddings, photos drawn with replacement, show any difference? That is the easy case, for the recorded
photos are the same. So there is a harder one: half of the photos, drawn at random, is recorded, and the
other half, or a fifth, is compared with it.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from fashionsdk import Embedder
from fashionsdk._tools.progress import progress_bar
from fashionsdk.bundle import Bundle, Quality
from fashionsdk.errors import LabelsError
from fashionsdk.evaluation import scratch_vectors
from fashionsdk.evaluation.drift import Drift, EmbeddedSplit, measure_drift, measure_quality
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk.photos import open_image
from harness.embedder_options import add_embedder_options, open_embedder
from harness.tables import json_lines, table
from harness.this_machine import machine

DAMAGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as they are": lambda image: image,
    "blurred by 3 % of the shorter side": lambda image: image.filter(ImageFilter.GaussianBlur(0.03 * min(image.size))),
    "darkened to 15 %": lambda image: ImageEnhance.Brightness(image).enhance(0.15),
    "darkened to 5 %": lambda image: ImageEnhance.Brightness(image).enhance(0.05),
}

T = TypeVar("T")
HEADER = ("photos", "attribute", "recorded", "now", "difference", "95 % interval", "verdict")


class Shop:
    """A split, its embeddings, and the model that made them."""

    def __init__(self, embedder: Embedder, split: RetrievalSplit) -> None:
        self.split, self.embedder = split, embedder
        self.names = [attribute.name for attribute in embedder.attributes]

    def embed(self, damage: Callable[[Image.Image], Image.Image], name: str) -> NDArray[np.float32]:
        """Return embeddings ``(N, A, D)`` of damaged copies of the photos."""
        images = (damage(open_image(path)) for path in self.split.paths)
        found = self.embedder.embed_many(progress_bar(images, name, len(self.split.images), "photo"))
        return np.concatenate([item.embeddings.vectors for item in found if item.embeddings is not None])

    def measured(self, split: RetrievalSplit, vectors: NDArray[np.float32], use: Callable[[EmbeddedSplit], T]) -> T:
        """Return what ``use`` returns of the photos' embeddings."""
        with scratch_vectors([(np.arange(len(vectors)), vectors)], len(vectors)) as stored:
            return use(EmbeddedSplit(split, stored, self.names, self.embedder.values))


def chosen(split: RetrievalSplit, photos: NDArray[np.intp]) -> RetrievalSplit:
    """Return a split of some photos; one that stands there twice is one product, which does not find itself."""
    values = split.matrix()[photos]  # (n, A)
    rows = np.array([(i, a, values[i, a]) for i, a in np.argwhere(values >= 0)], np.int32)
    names = tuple(split.images[photo] for photo in photos)
    return RetrievalSplit(split.root, names, split.attributes, rows[:0], rows, products=names)


def trials(shop: Shop, vectors: NDArray[np.float32], quality: Quality, count: int, seed: int) -> Iterator[list[str]]:
    """Yield a row for each kind of unchanged photos: how many comparisons showed a difference."""
    rng, photos = np.random.default_rng(seed), len(shop.split.images)

    def compared(new: NDArray[np.intp], recorded: Quality) -> Drift:
        return shop.measured(chosen(shop.split, new), vectors[new], lambda data: measure_drift(data, recorded))

    def other_photos(share: float) -> Drift:
        first, second = np.array_split(rng.permutation(photos), 2)
        recorded = shop.measured(chosen(shop.split, first), vectors[first], measure_quality)
        assert recorded is not None, "half of the photos have two values of some attribute"
        return compared(second[: round(share * photos)], recorded)

    kinds = {
        "resamples": lambda: compared(rng.integers(0, photos, photos), quality),
        "halves": lambda: other_photos(0.5),
        "a fifth against a half": lambda: other_photos(0.2),
    }
    for name, trial in kinds.items():
        yield [name, *_alarms(trial, name, count)]


def _alarms(trial: Callable[[], Drift], name: str, count: int) -> list[str]:
    dropped = improved = done = 0
    for _ in progress_bar(range(count), name, count, "trial"):
        try:
            drift = trial()
        except LabelsError:  # too few photos of some values by chance: nothing is said
            continue
        verdicts = {each.verdict for each in (*drift.attributes, drift.overall)}
        done, dropped, improved = done + 1, dropped + ("dropped" in verdicts), improved + ("improved" in verdicts)
    return [str(done), str(dropped), str(improved)]


def rows(name: str, drift: Drift) -> list[list[str]]:
    """Return the table's rows of one kind of photos."""
    result = []
    for each in (*drift.attributes, drift.overall):
        figures = (f"{each.recorded:.2f}", f"{each.now:.2f}", f"{each.difference:+.2f}")
        result.append([name, each.attribute, *figures, f"{each.low:+.2f} to {each.high:+.2f}", each.verdict])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_embedder_options(parser)
    parser.add_argument("--data", required=True, type=Path, help="the table that the bundle was exported with")
    parser.add_argument("--split", default="valid")
    parser.add_argument("--trials", type=int, default=200, help="of each kind (default: 200)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    quality = Bundle.open(args.bundle).manifest.graphs[0].quality
    if quality is None:
        parser.error(f"{args.bundle} records no quality; export it with --data {args.data}")
    shop = Shop(open_embedder(args), read_retrieval(args.data, args.split))
    lines, vectors = [], {name: shop.embed(damage, name) for name, damage in DAMAGES.items()}
    for name, embedded in vectors.items():
        lines += rows(name, shop.measured(shop.split, embedded, lambda data: measure_drift(data, quality)))
    print(table(HEADER, lines), flush=True)
    counts = list(trials(shop, vectors["as they are"], quality, args.trials, args.seed))
    head = ("unchanged photos", "comparisons", "with a drop", "with an improvement")
    print(table(head, counts))
    records = [dict(zip(head, row, strict=True)) for row in counts]
    print(json_lines([*records, {"seed": args.seed, **machine("fashionsdk", "numpy", "onnxruntime")}]))


if __name__ == "__main__":
    main()
