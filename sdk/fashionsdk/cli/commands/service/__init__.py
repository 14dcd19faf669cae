"""The subcommands of the HTTP service, a module each."""

from fashionsdk.cli.commands.service import _keys, _serve

__all__ = ["SERVICE_COMMANDS"]

SERVICE_COMMANDS = (_serve, _keys)
