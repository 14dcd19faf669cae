"""Turn a checkpoint into a bundle that the SDK runs: see --help."""

from fashionsdk_export.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
