"""Write the OpenAPI document of the HTTP service, from the code that answers.

python docs/tools/openapi.py --out docs/openapi.json
"""

import argparse
import json
from pathlib import Path

from fashionsdk.service import Settings, create_app

NOT_OPENED = Settings(bundle=Path("bundle"), gallery="shop.gallery")  # the document needs neither


def document() -> str:
    """Return the document as text. The version, which each release has another of, is left out."""
    found = create_app(NOT_OPENED).openapi()
    found["info"]["version"] = "0"
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the document goes")
    parser.parse_args().out.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
