"""All that is said of a label table: counts, photos that stand there twice, labels that are probably wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionsdk.labels import Correction
from fashionsdk_training.cleaning.copies import near_copies
from fashionsdk_training.cleaning.looked_at import LookedAt
from fashionsdk_training.cleaning.survey import (
    LabelCounts,
    RepeatedPicture,
    TableItems,
    count_labels,
    repeated_pictures,
)
from fashionsdk_training.cleaning.suspects import Suspect, folds_of, out_of_fold, suspect_labels
from fashionsdk_training.preparing import joined_groups

EXAMPLES = 3  # photos that surely have a value, shown beside a suspect
Key = tuple[int, int]  # attribute and value


@dataclass(frozen=True, eq=False)
class LabelReport:
    """What was found in a label table.

    Attributes:
        items: the photos.
        counts: how many have which label.
        repeated: groups of photos that show one picture.
        unreadable: why a photo could not be read, by its index.
        suspects: labels that are probably wrong, worst first.
        examples: photos that surely have a value, by attribute and value.
    """

    items: TableItems
    counts: LabelCounts
    repeated: Sequence[RepeatedPicture]
    unreadable: Mapping[int, str] = field(default_factory=dict)
    suspects: Sequence[Suspect] = ()
    examples: Mapping[Key, Sequence[int]] = field(default_factory=dict)

    def corrections(self) -> list[Correction]:
        """Return the suspects as rows for a person to decide about."""
        return [
            Correction(
                self.items.rows[each.item]["image"],
                self.items.attributes[each.attribute].name,
                label=self.items.attributes[each.attribute].values[each.label],
                suggestion=self.items.attributes[each.attribute].values[each.suggestion],
                doubt=each.doubt,
                box=self.items.rows[each.item].get("box", ""),
            )
            for each in self.suspects
        ]

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values; photos by their paths."""
        return {
            **asdict(self.counts),
            "unreadable": {self.items.name(item): why for item, why in self.unreadable.items()},
            "repeated": [
                {**asdict(each), "items": [self.items.name(item) for item in each.items]} for each in self.repeated
            ],
            "suspects": [
                {name: getattr(row, name) for name in ("image", "box", "attribute", "label", "suggestion", "doubt")}
                for row in self.corrections()
            ],
        }


def count_report(items: TableItems) -> LabelReport:
    """Return what can be said without a network: counts, and photos with equal bytes."""
    return LabelReport(items, count_labels(items), repeated_pictures(items))


def full_report(
    items: TableItems,
    looked: LookedAt,
    decided: Sequence[Correction] = (),
    *,
    seed: int = 0,
    progress: bool = False,
) -> LabelReport:
    """Return counts, near-copies and suspects.

    Args:
        items: the photos and labels.
        looked: their features and pictures.
        decided: labels that a person has decided about, which are suspected no more.
        seed: of how photos are dealt to folds.
        progress: whether to show progress bars.

    Raises:
        DataError: the photos with a label are one product or picture.
    """
    (readable,) = np.nonzero(looked.readable)
    pairs = near_copies(looked.features[readable], looked.pictures[readable], progress=progress)
    copies = [(int(readable[pair.first]), int(readable[pair.second])) for pair in pairs]
    groups = _groups(items, copies)
    (used,) = np.nonzero(looked.readable & (items.values >= 0).any(axis=1))
    values = items.values[used]
    folds = folds_of(np.unique(groups[used], return_inverse=True)[1], values, seed)
    probabilities = out_of_fold(looked.features[used], values, items.attributes, folds, progress=progress)
    done = {(row.image, row.box, row.attribute) for row in decided}
    suspects = [
        each
        for each in _of_items(suspect_labels(values, probabilities), used)
        if (items.rows[each.item]["image"], items.rows[each.item].get("box", ""), items.attributes[each.attribute].name)
        not in done
    ]
    examples = _examples(values, probabilities, used)
    repeated = repeated_pictures(items, copies)
    return LabelReport(items, count_labels(items), repeated, looked.unreadable, suspects, examples)


def _groups(items: TableItems, copies: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return the group of each photo: one product, one photo in several boxes, or one picture."""
    named: dict[tuple[str, str], list[int]] = {}
    for n, row in enumerate(items.rows):
        for column in ("product", "image"):
            if row.get(column):
                named.setdefault((column, row[column]), []).append(n)
    return joined_groups(len(items.rows), [*named.values(), *copies])


def _of_items(suspects: Sequence[Suspect], used: NDArray[np.int64]) -> list[Suspect]:
    return [Suspect(int(used[each.item]), each.attribute, each.label, each.suggestion, each.doubt) for each in suspects]


def _examples(
    values: NDArray[np.int64], probabilities: Sequence[NDArray[np.float32]], used: NDArray[np.int64]
) -> dict[Key, list[int]]:
    """Return for each value the photos labelled with it that the classifiers are surest of."""
    found: dict[Key, list[int]] = {}
    for a, chances in enumerate(probabilities):
        for value in range(chances.shape[1]):
            (labelled,) = np.nonzero(values[:, a] == value)
            best = labelled[np.argsort(-chances[labelled, value], kind="stable")[:EXAMPLES]]
            found[a, value] = used[best].tolist()
    return found
