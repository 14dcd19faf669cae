"""Follow two walks through the code, a photo to its matches and a table to its bundle: files and hops.

A hop is a call from one file of the project into another, or back into one that was left. The walks run for real, on
generated garments and a small network.

python docs/tools/walks.py
"""

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

PACKAGES = ("sdk", "training", "export")


class Walk:
    """Counts the project's files that a call enters, and how often it goes from one to another."""

    def __init__(self, root: Path) -> None:
        self._folders = tuple(str(root / name) for name in PACKAGES)
        self.files: dict[str, int] = {}
        self.hops = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Take note of one call; this is a profile function of ``sys.setprofile``."""
        if event != "call" or frame.f_code.co_name == "<module>" or not self._inside(frame):
            return
        name, caller = frame.f_code.co_filename, frame.f_back
        while caller is not None and not self._inside(caller):
            caller = caller.f_back
        self.files[name] = self.files.get(name, 0) + 1
        self.hops += caller is not None and caller.f_code.co_filename != name

    def _inside(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename.startswith(self._folders)

    def follow(self, action: Callable[[], object]) -> "Walk":
        """Run ``action``, its threads included."""
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            action()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        return self


def table_to_bundle(root: Path, folder: Path) -> Walk:
    """Train the tiny network for an epoch on generated garments, and export it, by the functions behind the scripts."""
    from fashionsdk_export.cli import main as build_engine
    from fashionsdk_training.cli import train
    from fashionsdk_training.garments import write_table

    write_table(folder / "garments", train=48, valid=24, side=96)
    data = str(folder / "garments/labels.csv")
    recipe = ["--recipe", "asen_v2_demo", "--epochs", "1", "--pretrained", "none", "--batch-size", "8"]

    def walk() -> None:
        assert train(["--data", data, "--out", str(folder / "run"), *recipe]) == 0
        assert build_engine([str(folder / "run/best"), "--out", str(folder / "bundle")]) == 0

    return Walk(root).follow(walk)


def photo_to_matches(root: Path, folder: Path) -> Walk:
    """Embed two photos with ``embed_many``, and search a gallery with one."""
    from fashionsdk import Embedder, Matcher

    embedder = Embedder(folder / "bundle", device="cpu")
    photos = sorted((folder / "garments").rglob("*.jpg"))[:2]
    gallery = Matcher(["a", "b"], embedder.embed(photos))
    attribute = embedder.attributes[0].name

    def walk() -> None:
        for item in embedder.embed_many(photos):
            assert item.embeddings is not None
            gallery.search(item.embeddings, attribute, k=1)

    return Walk(root).follow(walk)


def main() -> None:
    """Print both walks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="checkout")
    root = parser.parse_args().root.resolve()
    sys.path[:0] = [str(root / name) for name in PACKAGES]
    with tempfile.TemporaryDirectory() as name:
        walks = {"a table to its bundle": table_to_bundle(root, Path(name))}
        walks["two photos to their matches"] = photo_to_matches(root, Path(name))
    for title, walk in walks.items():
        print(f"{title}: {len(walk.files)} files, {walk.hops:,} hops")
        for file in sorted(walk.files) if len(walk.files) < 20 else ():
            print(f"  {Path(file).relative_to(root)}")


if __name__ == "__main__":
    main()
