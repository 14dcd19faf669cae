"""One split of a label table: its labels, or its queries and candidates."""

import logging
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.errors import LabelsError
from fashionsdk.labels._label_table import LabelTable
from fashionsdk.labels._label_types import Labels, RetrievalSplit

QUERY_EVERY = 5  # the papers' splits have one query for every four candidates

logger = logging.getLogger(__name__)


def table_labels(table: LabelTable, split: str) -> Labels:
    """Return one split's labels.

    Raises:
        LabelsError: the split is empty.
    """
    (rows, lines), attributes = table.of_split(split), table.attributes()
    positions = [{value: n for n, value in enumerate(attribute.values)} for attribute in attributes]
    labels = [
        (n, a, positions[a][row[attribute.name]])
        for n, row in enumerate(rows)
        for a, attribute in enumerate(attributes)
        if row[attribute.name]
    ]
    images = tuple(row["image"] for row in rows)
    return Labels(
        table.root,
        images,
        attributes,
        np.array(labels, np.int32).reshape(-1, 3),
        lines=lines,
        boxes=table.boxes(rows),
        products=table.products(rows),
    )


def table_retrieval(table: LabelTable, split: str) -> RetrievalSplit:
    """Return a split's queries and candidates: by the column ``role`` if there is one, else by ``fixed_roles``.

    With a column ``role``, a photo is a query or a candidate for each of its labels. A blank role is neither.

    Raises:
        LabelsError: the split is empty, or has no query or no candidate.
    """
    labels = table_labels(table, split)
    if "role" in table.columns:
        roles = np.array([row["role"] for row in table.of_split(split)[0]])[labels.rows[:, 0]]
        is_query, is_candidate = roles == "query", roles == "candidate"
    else:
        is_query = fixed_roles(labels)
        is_candidate = ~is_query
    if not is_query.any() or not is_candidate.any():
        raise LabelsError(
            f"{table.path}: split {split!r} has {is_query.sum()} queries and {is_candidate.sum()} candidates; "
            "expected at least one of each"
        )
    queries, candidates = labels.rows[is_query], labels.rows[is_candidate]
    if labels.products:
        queries = _with_answers(table, split, labels.products, queries, candidates)
    return RetrievalSplit(
        labels.root,
        labels.images,
        labels.attributes,
        queries,
        candidates,
        lines=labels.lines,
        boxes=labels.boxes,
        products=labels.products,
    )


def _with_answers(
    table: LabelTable, split: str, products: Sequence[str], queries: NDArray[np.int32], candidates: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return the queries whose right answers are not all of their own product, which an evaluation leaves out.

    Raises:
        LabelsError: none is left.
    """
    of_value: dict[tuple[int, int], set[str | None]] = defaultdict(set)
    for image, attribute, value in candidates.tolist():
        of_value[attribute, value].add(products[image] or None)  # a photo of no known product is another's
    answers = [(of_value[attribute, value], products[image]) for image, attribute, value in queries.tolist()]
    kept = np.array([not own or found != {own} for found, own in answers], np.bool_)
    if not kept.any():
        raise LabelsError(
            f"{table.path}: split {split!r} has no query whose value another product has; expected photos of several "
            "products with one value"
        )
    if lost := int((~kept).sum()):
        logger.warning("%d queries of split %r find their value in their own product only: left out", lost, split)
    return queries[kept]


def fixed_roles(labels: Labels) -> NDArray[np.bool_]:
    """Return ``(L,)``, true where a label is a query: of each value, in table order, every fifth photo from the first.

    The rest are candidates. If a value has one photo, it is a candidate only: a query would have no right answer. A
    warning counts such values.
    """
    query = np.zeros(len(labels.rows), np.bool_)
    single = 0
    for attribute, value in np.unique(labels.rows[:, 1:], axis=0):
        (of_value,) = np.nonzero((labels.rows[:, 1] == attribute) & (labels.rows[:, 2] == value))
        single += len(of_value) == 1
        if len(of_value) > 1:
            query[of_value[::QUERY_EVERY]] = True
    if single:
        logger.warning("%d values have one photo each: it is a candidate, never a query", single)
    return query
