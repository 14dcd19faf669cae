"""Which log messages a command prints: this project's, and other libraries' warnings."""

import logging

from fashionsdk import cli

PACKAGES = ("fashionsdk", "fashionsdk_training", "fashionsdk_export")


def show_log(level: int = logging.INFO) -> None:
    """Print messages of this project from ``level`` on, and of other libraries from WARNING on, on stderr."""
    cli.show_log()
    for package in PACKAGES:
        logging.getLogger(package).setLevel(level)
