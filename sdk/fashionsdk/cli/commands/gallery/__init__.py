"""The subcommands of ``fashionsdk gallery``, a module each, in the order of ``--help``."""

from fashionsdk.cli.commands.gallery import _add, _copy, _export, _info, _list, _remove, _update, _vacuum

__all__ = ["GALLERY_COMMANDS"]

GALLERY_COMMANDS = (_info, _add, _update, _remove, _list, _export, _copy, _vacuum)
