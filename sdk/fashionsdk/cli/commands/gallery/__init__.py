"""The subcommands of ``fashionsdk gallery``, a module each, in the order of ``--help``."""

from fashionsdk.cli.commands.gallery import (
    _add,
    _copy,
    _export,
    _extend,
    _info,
    _list,
    _load,
    _remove,
    _update,
    _vacuum,
)
from fashionsdk.cli.commands.gallery._add import CODECS

__all__ = ["CODECS", "GALLERY_COMMANDS"]

GALLERY_COMMANDS = (_info, _add, _update, _remove, _list, _export, _copy, _extend, _load, _vacuum)
