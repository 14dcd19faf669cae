"""A store as a dict, searched by sorting, and items and conditions to fill it with: what stores are compared with."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search import Condition, parse_condition
from fashionsdk.search.query import And, Not, Or, Require, Test
from fashionsdk.search.scan import decoded, encoded
from fashionsdk.search.stores import Contract, Items

# Vectors of 1/2 or 1/4 everywhere have length 1, and their products are exact in every number format.
CONTRACT = Contract("d" * 64, {"neckline": 4, "sleeve": 16})
CONDITIONS = [
    None,
    *map(
        parse_condition,
        (
            "price <= 20",
            "not price <= 20",
            'brand = "b1" and price > 10',
            'brand in ("b0", "b2") or tags contains "new"',
            "not (brand exists) or price between 5 and 15",
            "sale = true or sale != true",
            'not tags contains "old" and brand >= "b1"',
            "price = 1 or brand = 1",
        ),
    ),
]


def holds(condition: Condition, entry: dict[str, Any]) -> int:
    """Return a condition's truth by the rules of SQL, item by item."""
    if isinstance(condition, And):
        return min(holds(part, entry) for part in condition.parts)
    if isinstance(condition, Or):
        return max(holds(part, entry) for part in condition.parts)
    if isinstance(condition, Not):
        return -holds(condition.part, entry)
    assert isinstance(condition, Test)
    return condition.truth(entry.get(condition.field))


@dataclass
class Plain:
    """The same store as a dict: key -> vectors by attribute (``None`` if missing) and metadata."""

    codec: Any
    items: dict[str, tuple[dict[str, NDArray[np.float32] | None], dict[str, Any]]] = field(default_factory=dict)

    def add(self, items: Items) -> None:
        kept = {name: decoded(self.codec, encoded(self.codec, rows)) for name, rows in items.vectors.items()}
        for row, key in enumerate(items.keys):
            vectors = {name: rows[row] if rows[row].any() else None for name, rows in kept.items()}
            self.items[key] = (vectors, dict(items.metadata[row]))

    def search(
        self,
        queries: dict[str, NDArray[np.float32]],
        k: int,
        where: Condition | None = None,
        require: Require = "any",
    ) -> list[list[tuple[str, float]]]:
        answers = []
        for q in range(len(next(iter(queries.values())))):
            scored = []
            for key, (vectors, entry) in self.items.items():
                if where is not None and holds(where, entry) < 1:
                    continue
                pairs = [(query[q], vectors[name]) for name, query in queries.items()]
                present = [(x, y) for x, y in pairs if y is not None]
                if present and (require == "any" or len(present) == len(pairs)):
                    total = sum(np.dot(x.astype(float), y.astype(float)) for x, y in present)
                    scored.append((key, float(np.float32(total))))
            answers.append(sorted(scored, key=lambda pair: -pair[1])[:k])  # sorted() is stable
        return answers


def vectors(seed: int, count: int, *, missing: float = 0.0) -> dict[str, NDArray[np.float32]]:
    """Return unit vectors of few different values, so that scores tie; some rows are zeros."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, dimension in CONTRACT.dimensions.items():
        signs = (
            rng.choice([-1, 1], size=(6, dimension))[rng.integers(0, 6, count)] if count else np.empty((0, dimension))
        )
        made[name] = (signs / np.sqrt(dimension)).astype(np.float32)
        made[name][rng.random(count) < missing] = 0
    return made


def items(seed: int, keys: list[str], *, missing: float = 0.0) -> Items:
    return Items(keys, vectors(seed, len(keys), missing=missing), [entry(seed, key) for key in keys])


def entry(seed: int, key: str) -> dict[str, Any]:
    """Return metadata in which fields are missing, null, or of different kinds."""
    rng = np.random.default_rng([seed, *key.encode()])
    choices: dict[str, list[Any]] = {
        "price": [5, 10.5, 20, 40, "20", None, 10**400],
        "brand": ["b0", "b1", "b2", 1, ["b1"]],
        "tags": [["new"], ["old", "new"], [], "new", [1, True]],
        "sale": [True, False, 1, None],
    }
    made = {name: values[rng.integers(len(values))] for name, values in choices.items() if rng.random() < 0.8}
    return {"seed": seed, "key": key, **made}


def names(count: int, start: int = 0) -> list[str]:
    return [f"{index}.jpg" for index in range(start, start + count)]
