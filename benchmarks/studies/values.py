"""What does a bundle know about values? Accuracy and calibration of predictions, and MAP of searches by value.

    python benchmarks values BUNDLE --data labels.csv

A temperature is fitted on every other labelled photo and judged on the rest, then the other way round. ``said`` is the
mean probability of the predictions before that, and ``error`` their expected calibration error in ten bins, before and
after. MAP of photos takes the split's queries and candidates, and asks as searches do. MAP of values asks for each
value once and ranks the candidates of its attribute; its mean counts each value as often as the split has queries of
it, so both compare. ``first ten`` asks all photos, as a search does: the share of the first ten answers that are
labelled with the value, mean over values that ten photos or more have. The last columns count photos of which the
bundle says that the attribute does not apply, the share of them without a label, and the share of photos without a
label that were found.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Attribute, Embedder
from fashionsdk.evaluation import average_precision, evaluate
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk.values import SURELY, ValueSpace, calibration, fit_temperature, tempered
from fashionsdk_export.parity.temperatures import held_probabilities, labelled
from harness.tables import json_lines, table

HEADER = (
    *("attribute", "photos", "accuracy", "said", "error before", "error after", "MAP of photos", "MAP of values"),
    *("first ten", "does not apply", "precision", "recall"),
)


FIRST = 10  # answers


@dataclass(frozen=True)
class Row:
    """One attribute; shares from 0 to 1, MAP in percent."""

    attribute: str
    photos: int
    accuracy: float
    said: float
    error_before: float
    error_after: float
    map_of_photos: float
    map_of_values: float
    first_ten: float
    absent: int
    precision: float
    recall: float

    def cells(self) -> tuple[str, ...]:
        """Return the row as the table shows it."""
        shares = (self.accuracy, self.said, self.error_before, self.error_after)
        maps = (self.map_of_photos, self.map_of_values)
        found, *absent = ("" if np.isnan(x) else f"{x:.3f}" for x in (self.first_ten, self.precision, self.recall))
        head = (self.attribute, str(self.photos), *(f"{x:.3f}" for x in shares), *(f"{x:.1f}" for x in maps))
        return (*head, found, str(self.absent), *absent)


def halves(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return probabilities whose temperature was fitted on the other half of the photos."""
    fitted = np.empty_like(probabilities)
    even = np.arange(len(labels)) % 2 == 0
    for mine in (even, ~even):
        temperature = fit_temperature(probabilities[~mine], labels[~mine], 1.0)
        fitted[mine] = np.exp(tempered(probabilities[mine], temperature))
    return fitted


def map_of_values(
    space: ValueSpace, split: RetrievalSplit, attribute: Attribute, vectors: NDArray[np.float32]
) -> float:
    """Return MAP in percent of searches by an attribute's values; ``vectors`` ``(N, D)`` of all photos of the split."""
    position = [each.name for each in split.attributes].index(attribute.name)
    queries, candidates = (rows[rows[:, 1] == position] for rows in (split.queries, split.candidates))
    found = []
    for value, count in zip(*np.unique(queries[:, 2], return_counts=True), strict=True):
        wanted = space.vector(attribute.name, split.attributes[position].values[value], vectors.shape[1])
        order = np.argsort(-(vectors[candidates[:, 0]] @ wanted), kind="stable")
        found += [float(average_precision((candidates[order, 2] == value)[None])[0])] * int(count)
    return 100 * float(np.mean(found))


def first_ten(
    space: ValueSpace,
    attribute: Attribute,
    vectors: NDArray[np.float32],
    photos: NDArray[np.int64],
    labels: NDArray[np.int64],
) -> float:
    """Return the share of the first ten answers to an attribute's values that are right, among all photos' vectors.

    NaN if no value has ten photos. ``photos`` are the rows that are labelled, ``labels`` their values.
    """
    shown = np.full(len(vectors), -1)
    shown[photos] = labels
    shares = []
    for value in np.flatnonzero(np.bincount(labels, minlength=1) >= FIRST):
        wanted = space.vector(attribute.name, attribute.values[value], vectors.shape[1])
        best = np.argsort(-(vectors @ wanted), kind="stable")[:FIRST]
        shares.append(float((shown[best] == value).mean()))
    return float(np.mean(shares)) if shares else float("nan")


def absence(
    space: ValueSpace, name: str, names: list[str], vectors: NDArray[np.float32], photos: NDArray[np.int64]
) -> tuple[int, float, float]:
    """Return how many photos an attribute is said not to apply to, and the precision and recall of that."""
    if not (needed := space.needed(name)):
        return 0, float("nan"), float("nan")
    absent = space.applies(vectors[:, names.index(needed[0])], name) < SURELY
    unlabelled = ~np.isin(np.arange(len(vectors)), photos)
    both = int((absent & unlabelled).sum())
    return int(absent.sum()), both / max(1, int(absent.sum())), both / max(1, int(unlabelled.sum()))


def rows(embedder: Embedder, split: RetrievalSplit) -> Iterator[Row]:
    """Yield a row for each attribute whose values the bundle tells apart."""
    space = embedder.values
    if space is None:
        raise SystemExit("values: the bundle's embeddings hold no probabilities; export a model with posteriors")
    items = embedder.embed_many(split.sources, progress=True)
    vectors = np.concatenate([item.embeddings.vectors for item in items if item.embeddings is not None])
    indices = np.arange(len(vectors))
    names = [attribute.name for attribute in embedder.attributes]
    scores = evaluate(split, [(indices, vectors)], names, space)
    for name, posterior in embedder.bundle.manifest.model.posteriors.items():
        position = names.index(name)
        attribute = embedder.attributes[position]
        photos, labels = labelled(split, attribute, indices)
        probabilities = held_probabilities(attribute, posterior, vectors[photos, position])
        before, after = calibration(probabilities, labels), calibration(halves(probabilities, labels), labels)
        by_value = map_of_values(space, split, attribute, vectors[:, position])
        found = first_ten(space, attribute, vectors[:, position], photos, labels)
        absent = absence(space, name, names, vectors, photos)
        said = float(probabilities.max(axis=1).mean())
        figures = (before.accuracy, said, before.error, after.error, scores.maps[name], by_value, found)
        yield Row(name, len(labels), *figures, *absent)


def main() -> None:
    """Print the table and JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", help="folder of the exported model")
    parser.add_argument("--data", required=True, metavar="TABLE", help="label table")
    parser.add_argument("--split", default="valid", help="photos to judge on (default: valid)")
    args = parser.parse_args()
    with Embedder(args.bundle, batch_size=8) as embedder:
        names = [attribute.name for attribute in embedder.attributes]
        found = list(rows(embedder, read_retrieval(args.data, args.split).select(names)))
    print(table(HEADER, [row.cells() for row in found]))
    print(json_lines([asdict(row) for row in found]))


if __name__ == "__main__":
    main()
