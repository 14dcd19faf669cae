"""Changes to a JSON document that stays JSON: values of other types and sizes, entries removed, added or repeated."""

import json
from copy import deepcopy
from typing import Any

import numpy as np

STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**63, 10**400, -0.0, 0.5, 1e308, "", "x", "\0", "\x1b[2J", "\ud800", "../../x",
    "/dev/zero", "x" * 100_000, [], {}, [[]], ["a", "a"], [0] * 10_000, {"": {}},
)  # fmt: skip
DEPTH = 50_000  # of nested lists: more than Python's stack holds
CHANGES = 3


def damage(document: Any, rng: np.random.Generator) -> bytes:
    """Return the JSON text of a document with up to ``CHANGES`` changes; some are possible in the text alone."""
    changed = json.loads(json.dumps(document))
    for _ in range(rng.integers(1, CHANGES + 1)):
        _change(changed, rng)
    return _change_text(json.dumps(changed), rng).encode("utf-8", "surrogatepass")


def _change(document: Any, rng: np.random.Generator) -> None:
    """Change one entry of a container somewhere in the document."""
    containers = list(_containers(document))
    if not containers:
        return
    container = containers[rng.integers(len(containers))]
    keys = list(container) if isinstance(container, dict) else list(range(len(container)))
    key, strange = keys[rng.integers(len(keys))], STRANGE[rng.integers(len(STRANGE))]
    match rng.integers(4):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container[str(strange)[:100]] = container.pop(key)
        case 1:
            container.insert(key, container[key])
        case _:
            container[key] = deepcopy(strange)  # a later change may be inside it


def _containers(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        if value:
            yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def _change_text(text: str, rng: np.random.Generator) -> str:
    match rng.integers(12):
        case 0:  # each entry twice
            return text.replace('{"', '{"a": 1, "a": 2, "', 1)
        case 1:
            return text.replace("{", "{" + ",".join(f'"k{number}": 0' for number in range(20_000)) + ",", 1)
        case 2:
            return text.replace(": ", ": " + "[" * DEPTH + "]" * DEPTH + ", ", 1)
        case 3:
            return text.replace("1", "1e999", 1)
        case 4:
            return text.replace("1", "NaN", 1)
        case 5:
            return "\ufeff" + text
        case _:
            return text
