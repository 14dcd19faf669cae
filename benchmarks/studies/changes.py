"""Does ``search(change=...)`` find the new value, and do the other attributes stay?

    python benchmarks changes BUNDLE --data labels.csv

Each photo of a split asks for items like itself but with another value of one attribute. The value is drawn among those
for which ten or more photos have it and agree with the photo in every other label that both have, so that a perfect
search is 100 % right in all columns. ``new value`` is the share of the first ten answers that are labelled with the
value; ``others stay`` the share of other labels, where photo and answer have one, that agree; ``both`` the share of
answers that have the value and agree in all of them. Beside the changed search stand the same photo asking
unchanged by all attributes, the value asked for alone without the photo, and photos drawn at random. A photo is no
answer to itself.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Embedder, Embeddings, Matcher
from fashionsdk.labels import RetrievalSplit, read_retrieval
from harness.tables import json_lines, table

K = 10
HEADER = ("attribute", "photos", "search", "new value", "others stay", "both")


@dataclass(frozen=True)
class Row:
    """How one way of searching did for one attribute; shares from 0 to 1."""

    attribute: str
    photos: int
    search: str
    new_value: float
    others_stay: float
    both: float

    def cells(self) -> tuple[str, ...]:
        """Return the row as the table shows it, in percent."""
        shares = (self.new_value, self.others_stay, self.both)
        return self.attribute, str(self.photos), self.search, *(f"{100 * share:.1f}" for share in shares)


@dataclass(frozen=True, eq=False)
class Asked:
    """One photo with another value of an attribute.

    Attributes:
        photo: its row.
        attribute: the attribute's column.
        value: the index of the value that it asks for.
    """

    photo: int
    attribute: int
    value: int


def agreement(labels: NDArray[np.int32], asked: Asked, answers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return three shares of some answers: with the value, of other labels that agree, right in both.

    The second is NaN if photo and answers have no other label in common.

    Args:
        labels: ``(N, A)``, -1 where a photo has none.
        asked: what was asked.
        answers: rows of the photos that answered.
    """
    found = labels[answers]
    right = found[:, asked.attribute] == asked.value
    others = np.arange(labels.shape[1]) != asked.attribute
    both_labelled = (found >= 0) & (labels[asked.photo] >= 0) & others
    alike = found == labels[asked.photo]
    all_alike = (alike | ~both_labelled).all(axis=1)
    stay = alike[both_labelled].mean() if both_labelled.any() else float("nan")
    return np.array([right.mean(), stay, (right & all_alike).mean()])


def questions(labels: NDArray[np.int32], attribute: int, rng: np.random.Generator) -> Iterator[Asked]:
    """Yield, for each photo that is labelled, a value that enough photos have which agree with it in all else."""
    others = np.arange(labels.shape[1]) != attribute
    for photo in np.flatnonzero(labels[:, attribute] >= 0):
        both = (labels >= 0) & (labels[photo] >= 0) & others
        alike = ((labels == labels[photo]) | ~both).all(axis=1)
        counts = np.bincount(labels[alike & (labels[:, attribute] >= 0), attribute], minlength=1)
        counts[labels[photo, attribute] : labels[photo, attribute] + 1] = 0
        if (enough := np.flatnonzero(counts >= K)).size:
            yield Asked(int(photo), attribute, int(rng.choice(enough)))


class Study:
    """Asks a gallery of a split's photos.

    Args:
        embeddings: of all photos, N.
        split: their labels.
    """

    def __init__(self, embeddings: Embeddings, split: RetrievalSplit) -> None:
        self.embeddings, self.split, self.labels = embeddings, split, split.matrix()
        self.keys = [str(row) for row in range(len(embeddings))]
        self.matcher = Matcher(self.keys, embeddings)

    def rows(self, attribute: int, rng: np.random.Generator) -> list[Row]:
        """Return the rows of one attribute; none if nothing can be asked."""
        asked = list(questions(self.labels, attribute, rng))
        shares: dict[str, list[NDArray[np.float64]]] = {}
        for each in asked:
            for search, answers in self._answers(each, rng):
                shares.setdefault(search, []).append(agreement(self.labels, each, answers))
        name = self.split.attributes[attribute].name
        return [Row(name, len(asked), search, *np.nanmean(found, axis=0).tolist()) for search, found in shares.items()]

    def _answers(self, asked: Asked, rng: np.random.Generator) -> Iterator[tuple[str, NDArray[np.int64]]]:
        named = self.split.attributes[asked.attribute]
        value, photo = {named.name: named.values[asked.value]}, self.embeddings.photo(asked.photo)
        everything, itself = dict.fromkeys(self.embeddings.attributes, 1.0), [self.keys[asked.photo]]
        for search, found in (
            ("changed", self.matcher.search(photo, change=value, k=K, exclude=itself)),
            ("unchanged", self.matcher.search(photo, by=everything, k=K, exclude=itself)),
            ("value alone", self.matcher.search(value=value, k=K, exclude=itself)),
        ):
            yield search, np.array([int(key) for key in found.keys[0]], np.int64)
        yield "random", rng.choice(np.delete(np.arange(len(self.keys)), asked.photo), K, replace=False)


def main() -> None:
    """Print the table and JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", help="folder of the exported model")
    parser.add_argument("--data", required=True, metavar="TABLE", help="label table")
    parser.add_argument("--split", default="valid", help="photos to ask with, and to ask (default: valid)")
    args = parser.parse_args()
    with Embedder(args.bundle, batch_size=8) as embedder:
        if embedder.values is None:
            parser.error("the bundle's embeddings hold no probabilities; export a model with posteriors")
        split = read_retrieval(args.data, args.split).select([each.name for each in embedder.attributes])
        told = [place for place, each in enumerate(split.attributes) if each.name in embedder.values.values]
        items = embedder.embed_many(split.sources, progress=True)
        study = Study(Embeddings.joined([each.embeddings for each in items if each.embeddings is not None]), split)
    found = [row for attribute in told for row in study.rows(attribute, np.random.default_rng(0))]
    print(table(HEADER, [row.cells() for row in found]))
    print(json_lines([asdict(row) for row in found]))


if __name__ == "__main__":
    main()
