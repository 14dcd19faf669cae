"""Turn a checkpoint into a bundle that the SDK runs: see --help."""

import sys

try:
    from fashionsdk_export.cli import main
except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
    advice = "in the project's folder run 'make install', then .venv/bin/python export/build_engine.py"
    raise SystemExit(f"build_engine.py: {error} for {sys.executable}; {advice}") from None

if __name__ == "__main__":
    raise SystemExit(main())
