"""The parser of every command: an option that takes one value may be given once."""

import argparse
from collections.abc import Sequence
from typing import Any

_GIVEN = "_given_options"


class CommandParser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that rejects an option given twice; argparse alone would take the last, and not say so.

    Options that collect their values (``action="append"``) and switches may be repeated.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in (None, "store"):  # what add_argument looks up without an action, and with the default one
            self.register("action", name, _StoreOnce)


class _StoreOnce(argparse._StoreAction):
    """Stores a value, and notes in the namespace that its option was given."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option: str | None = None,
    ) -> None:
        given: set[str] = namespace.__dict__.setdefault(_GIVEN, set())
        if option is not None and self.dest in given:
            parser.error(f"argument {'/'.join(self.option_strings)}: given twice; expected it once")
        given.add(self.dest)
        super().__call__(parser, namespace, values, option)
