"""The subcommands of ``fashionsdk``, a module each, in the order of ``--help``."""

from fashionsdk.cli.commands import (
    _check_bundle,
    _diff,
    _embed,
    _embed_catalogue,
    _evaluate,
    _gallery,
    _index,
    _point,
    _predict,
    _rerank,
    _search,
    _triplets,
)
from fashionsdk.cli.commands.pages import PAGE_COMMANDS
from fashionsdk.cli.commands.service import SERVICE_COMMANDS

__all__ = ["COMMANDS"]

COMMANDS = (
    _embed,
    _index,
    _search,
    _rerank,
    _predict,
    _gallery,
    _embed_catalogue,
    _diff,
    _check_bundle,
    _evaluate,
    _triplets,
    _point,
    *PAGE_COMMANDS,
    *SERVICE_COMMANDS,
)
