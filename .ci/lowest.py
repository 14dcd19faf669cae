"""Print ``name==version`` for every direct dependency: the lowest version that pyproject.toml allows.

    python .ci/lowest.py > lowest.txt
    python .ci/lowest.py --extras cpu report

The pins are read, never written by hand, so they cannot differ from the bounds.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
DEFAULT_EXTRAS = ("dev",)  # what `make install` installs
REQUIREMENT = re.compile(r"^(?P<name>[\w.-]+)\s*(\[(?P<extras>[^\]]*)\])?\s*(?P<versions>[^;]*)(;.*)?$")
LOWER_BOUND = re.compile(r"(?:>=|==)\s*([\w.!+]+)$")


def pins(project: dict[str, object], extras: Sequence[str]) -> list[str]:
    """Return one pin for each direct dependency of ``project`` with ``extras``, sorted by name."""
    return sorted({pin(requirement) for requirement in requirements(project, extras)})


def requirements(project: dict[str, object], extras: Sequence[str]) -> Iterator[str]:
    """Yield the requirements of ``project`` with ``extras``; an extra that names the project itself is opened."""
    yield from project["dependencies"]  # type: ignore[misc]
    for extra in extras:
        yield from _of_extra(project, extra)


def _of_extra(project: dict[str, object], extra: str) -> Iterator[str]:
    optional: dict[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]
    if extra not in optional:
        raise SystemExit(f"lowest: no extra {extra!r} in {PYPROJECT.name}, only {', '.join(sorted(optional))}")
    for requirement in optional[extra]:
        parts = _parts(requirement)
        if parts["name"] == project["name"]:
            for inner in parts["extras"].split(","):
                yield from _of_extra(project, inner.strip())
        else:
            yield requirement


def pin(requirement: str) -> str:
    """Return ``name==lower bound`` for a requirement such as ``name[extra]>=1.2,<3``."""
    parts = _parts(requirement)
    bounds = [match[1] for part in parts["versions"].split(",") if (match := LOWER_BOUND.search(part.strip()))]
    if len(bounds) != 1:
        raise SystemExit(f"lowest: {requirement!r} needs one lower bound, such as {parts['name']}>=1.0")
    extras = f"[{parts['extras']}]" if parts["extras"] else ""
    return f"{parts['name']}{extras}=={bounds[0]}"


def _parts(requirement: str) -> dict[str, str]:
    match = REQUIREMENT.match(requirement)
    if not match:
        raise SystemExit(f"lowest: cannot read the requirement {requirement!r}")
    return {name: text or "" for name, text in match.groupdict().items()}


def main() -> None:
    """Print the pins."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extras", nargs="*", default=DEFAULT_EXTRAS, help="default: %(default)s")
    args = parser.parse_args()
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    sys.stdout.write("\n".join(pins(project, args.extras)) + "\n")


if __name__ == "__main__":
    main()
