"""The subcommands that write a page to look at, a module each."""

from fashionsdk.cli.commands.pages import _attention_page, _map_page, _report_page

__all__ = ["PAGE_COMMANDS"]

PAGE_COMMANDS = (_report_page, _attention_page, _map_page)
