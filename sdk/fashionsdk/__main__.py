"""``python -m fashionsdk``: the ``fashionsdk`` command, where its script is not on the path."""

import sys

from fashionsdk.cli import main

if __name__ == "__main__":
    sys.exit(main())
