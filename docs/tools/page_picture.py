"""Draw the page's picture in the README, from the demo's garments.

make demo
fashionsdk serve demo/bundle --gallery demo/garments.gallery
python docs/tools/page_picture.py demo/garments/images/valid-00033.jpg --look "sleeve length" \\
    --out docs/pictures/page.png
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

SIZE = {"width": 1280, "height": 800}
COLOURS = 200


def main() -> None:
    """Ask the running service with a photo, look where the model looks, and keep what the browser shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--address", default="http://127.0.0.1:8000/")
    parser.add_argument("--look", default="neckline design", help="attribute whose attention is shown")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, locale="en-GB", color_scheme="light")
        page.goto(args.address)
        page.set_input_files("#choose-photo", args.photo)
        page.wait_for_load_state("networkidle")
        page.get_by_role("button", name=f"Show where the model looks for {args.look}").first.click()
        page.wait_for_load_state("networkidle")
        page.wait_for_selector("#answers:not(:has(.waiting))")
        page.wait_for_timeout(1000)  # pictures fade in
        drawn = page.screenshot()
        browser.close()
    Image.open(io.BytesIO(drawn)).convert("RGB").quantize(COLOURS).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
