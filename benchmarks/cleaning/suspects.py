"""Are labels found that are wrong, and what is it worth to correct them?

    python benchmarks suspects --data labels.csv

For each seed, 5 % of the training photos' labels get another value of their attribute, each as likely. Printed are how
many of the first hundred suspects are planted ones, what share of all planted ones the first 5 % of suspects hold, and
MAP of linear classifiers on the validation split, whose labels are left alone: trained on the labels as planted, on
those after a person has looked at the first 5 % of suspects and put back the table's labels, and on the table's own.
Suspects that were not planted may be the table's own mistakes: --show prints those among the first hundred.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import LabelSource
from fashionsdk_training.cleaning import LookedAt, TableItems, look_at, table_items
from fashionsdk_training.cleaning.suspects import Suspect, folds_of, out_of_fold, suspect_labels
from fashionsdk_training.cli import show_log
from fashionsdk_training.preparing import joined_groups
from fashionsdk_training.probe import FrozenNetwork, fit_probe
from fashionsdk_training.recipes import RECIPES
from harness.tables import table

WRONG = 0.05  # share of labels that are planted wrong, and of suspects that are corrected
FIRST = 100


def planted(values: NDArray[np.int64], counts: Sequence[int], seed: int) -> NDArray[np.int64]:
    """Return labels ``(N, A)`` of which `WRONG` have another value of their attribute; ``counts`` are their values."""
    rng, result = np.random.default_rng(seed), values.copy()
    cells = np.argwhere(values >= 0)
    for photo, attribute in rng.choice(cells, round(WRONG * len(cells)), replace=False).tolist():
        shift = rng.integers(1, counts[attribute])
        result[photo, attribute] = (values[photo, attribute] + shift) % counts[attribute]
    return result


def corrected(wrong: NDArray[np.int64], right: NDArray[np.int64], suspects: Sequence[Suspect]) -> NDArray[np.int64]:
    """Return labels after a person has put back the right ones of some suspects."""
    result = wrong.copy()
    for each in suspects:
        result[each.item, each.attribute] = right[each.item, each.attribute]
    return result


class Table:
    """A table's training photos, with features and groups, and its validation questions."""

    def __init__(self, source: LabelSource, items: TableItems, looked: LookedAt) -> None:
        training = [n for n, splits in enumerate(items.splits) if "train" in splits and looked.readable[n]]
        self.items, self.training = items, np.array(training)
        self.features, self.values = looked.features[self.training], items.values[self.training]
        products = [items.rows[n].get("product", "") for n in training]
        parts = [[n for n, each in enumerate(products) if each == product] for product in set(products) - {""}]
        self.groups = joined_groups(len(training), parts)
        self._questions = source.retrieval("valid")
        place = {row["image"]: n for n, row in enumerate(items.rows)}
        self._asked = looked.features[[place[image] for image in self._questions.images]]

    def suspects(self, values: NDArray[np.int64], seed: int) -> list[Suspect]:
        """Return the suspects among labels ``(N, A)`` of the training photos."""
        folds = folds_of(self.groups, values, seed)
        chances = out_of_fold(self.features, values, self.items.attributes, folds, progress=True)
        return suspect_labels(values, chances)

    def map(self, values: NDArray[np.int64]) -> float:
        """Return MAP of linear classifiers that learnt from labels ``(N, A)``, in percent."""
        probe = fit_probe(self.features, values, self.items.attributes, progress=True)
        names = [each.name for each in self.items.attributes]
        rows = np.arange(len(self._asked))
        vectors = probe.embeddings(self._asked)
        batches = [(rows[part], vectors[part]) for part in slices(len(rows), 1024)]
        return evaluate(self._questions, batches, names, probe.value_space()).overall.map


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--cache", type=Path, default=Path("runs/labels"), help="folder that features are kept in")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--show", action="store_true", help="print suspects that were not planted")
    args = parser.parse_args()
    show_log()
    config = RECIPES["cam_cpu"]()
    network = FrozenNetwork.load(config.model, "package", torch.device("cpu"))
    source = LabelSource.open(args.data)
    items = table_items(source)
    file = args.cache / f"{args.data.parent.name}.safetensors"
    trial = Table(source, items, look_at(items.sources, network, config.preprocessing, file, progress=True))
    own = trial.map(trial.values)
    rows = []
    for seed in args.seeds:
        rows.append(measure(trial, seed, own, show=args.show))
    heads = (
        "seed",
        "planted",
        "of the first 100",
        "of the first 5 %",
        "MAP planted",
        "MAP corrected",
        "MAP of the table",
    )
    print(f"{len(trial.values)} training photos of {args.data}, {int((trial.values >= 0).sum())} labels\n")
    print(table(heads, rows))


def measure(trial: Table, seed: int, own: float, *, show: bool) -> tuple[str, ...]:
    """Return one seed's row."""
    wrong = planted(trial.values, [len(each.values) for each in trial.items.attributes], seed)
    is_planted = wrong != trial.values
    suspects = trial.suspects(wrong, seed)
    looked_at = suspects[: int(is_planted.sum())]
    hits = [bool(is_planted[each.item, each.attribute]) for each in looked_at]
    if show:
        for each in (each for each, hit in zip(looked_at[:FIRST], hits, strict=False) if not hit):
            print(described(trial, each))
    maps = trial.map(wrong), trial.map(corrected(wrong, trial.values, looked_at))
    shares = f"{sum(hits[:FIRST])}", f"{sum(hits) / int(is_planted.sum()):.1%}"
    return (str(seed), str(int(is_planted.sum())), *shares, *(f"{each:.2f}" for each in (*maps, own)))


def described(trial: Table, each: Suspect) -> str:
    """Return a suspect in words."""
    attribute = trial.items.attributes[each.attribute]
    name = trial.items.name(int(trial.training[each.item]))
    label, suggestion = attribute.values[each.label], attribute.values[each.suggestion]
    return f"{each.doubt:.3f}  {attribute.name}: {label}, rather {suggestion}  {name}"


if __name__ == "__main__":
    main()
