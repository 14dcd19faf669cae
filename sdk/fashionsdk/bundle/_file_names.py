"""Names of the files in a bundle."""

import re

MANIFEST_FILE = "manifest.json"
REFERENCE_FILE = "reference.npz"

# A letter, digit or underscore first: no "..", no hidden file, no absolute path, on any operating system.
_FILE_NAME = re.compile(r"\w[\w.+-]*(/\w[\w.+-]*)*", re.ASCII)


def check_file_name(name: str) -> None:
    """Check that ``name`` is a path inside the bundle, and a portable one.

    Raises:
        ValueError: it is not.
    """
    if not _FILE_NAME.fullmatch(name) or name == MANIFEST_FILE:
        raise ValueError(
            f"file name {name!r:.200} is not allowed; expected a path inside the bundle such as "
            "'model.fp32.onnx': ASCII letters, digits and _ . + - with / between folders"
        )
