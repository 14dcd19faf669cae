"""The subcommands of ``fashionsdk``, a module each, in the order of ``--help``."""

from fashionsdk.cli.commands import (
    _attention_page,
    _check_bundle,
    _embed,
    _evaluate,
    _gallery,
    _index,
    _map_page,
    _point,
    _report_page,
    _rerank,
    _search,
    _triplets,
)

__all__ = ["COMMANDS"]

COMMANDS = (
    _embed,
    _index,
    _search,
    _rerank,
    _gallery,
    _check_bundle,
    _evaluate,
    _triplets,
    _point,
    _report_page,
    _attention_page,
    _map_page,
)
