"""The questions that benchmarks answer: ``python benchmarks`` lists them, ``python benchmarks NAME ...`` runs one."""

import ast
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent
ROOMS = {
    ".": "questions",
    "robustness": "questions of robustness",
    "cleaning": "questions of label tables",
    "studies": "questions of one decision",
    "networks": "questions of networks",
    "inputs": "inputs of the others",
}


def scripts() -> dict[str, dict[str, str]]:
    """Return the scripts' module names by room, with the first line of each docstring."""
    return {
        room: {
            ".".join(path.relative_to(FOLDER).with_suffix("").parts): summary(path)
            for path in sorted((FOLDER / room).glob("[!_]*.py"))
        }
        for room in ROOMS
    }


def summary(path: Path) -> str:
    """Return the first line of a script's docstring, without running it."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def table() -> str:
    """Return the list of all scripts."""
    lines = ["usage: python benchmarks NAME [OPTION ...], or python benchmarks NAME --help"]
    for room, names in scripts().items():
        lines += ["", f"{ROOMS[room]}:", *(f"  {name.rpartition('.')[2]:<18} {text}" for name, text in names.items())]
    return "\n".join(lines)


def main() -> int:
    modules = {name.rpartition(".")[2]: name for names in scripts().values() for name in names}
    chosen = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if chosen in ("-h", "--help"):
        print(table())
        return 0
    if chosen not in modules:
        print(f"no benchmark is called {chosen!r}\n\n{table()}", file=sys.stderr)
        return 2
    del sys.argv[1]
    if find_spec("fashionsdk") is None:
        advice = f"in the project's folder run 'make install', then .venv/bin/python benchmarks {chosen}"
        print(f"fashionsdk is not installed for {sys.executable}; {advice}", file=sys.stderr)
        return 1
    runpy.run_module(modules[chosen], run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
