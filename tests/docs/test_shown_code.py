"""The code that the README and the documentation show is run: a reader types it, in the order of the pages."""

import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fashionsdk.cli import main
from tests.docs.pages import BLOCK, ROOT
from tests.docs.shown_service import ADDRESS, SERVE, here, run_javascript, run_shell
from tests.sdk.client.running import commanded

TUTORIAL = "docs/tutorial.md"
GUIDES = (
    "docs/guides/serve.md",
    "docs/guides/search.md",
    "docs/guides/api.md",
    "docs/pointing.md",
)  # each after the tutorial
RUN = (TUTORIAL, "README.md", *GUIDES)

# What is run differs from what is shown in these places, and nowhere else.
SMALLER = {"--train 600 --valid 200": "--train 40 --valid 30"}  # the tutorial's photos
ADDED = {"training/train.py": "--recipe asen_v2_demo --epochs 1"}  # in place of these options where they are shown
LANGUAGES = ("bash", "sh", "python", "js")
LEFT_OUT = ("make ", "source ")  # they install what this test runs in


class Reader:
    """Someone who types what the pages show, in one folder; a command that was typed before is not typed again."""

    def __init__(self) -> None:
        self.typed: set[str] = set()

    def follow(self, page: str) -> int:
        """Run a page's shell and Python blocks in their order, its JavaScript at the end; return how many there are.

        A service that it shows to be started runs until then.
        """
        variables: dict[str, object] = {}
        blocks = [found for found in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")) if found[0] in LANGUAGES]
        address = ADDRESS
        with ExitStack() as services:
            for language, block in blocks:
                if language == "bash":
                    for line in block.replace("\\\n", " ").splitlines():
                        self.type(line)
                elif language == "sh" and block.startswith(SERVE):
                    address = services.enter_context(commanded(shlex.split(block)[2:]))
                elif language == "sh":
                    run_shell(block, address, page)
                elif language == "python":
                    exec(compile(here(block, address), f"a block of {page}", "exec"), variables)
            if scripts := [block for language, block in blocks if language == "js"]:
                run_javascript(scripts, address, page)
        return len(blocks)

    def type(self, line: str) -> None:
        """Run a command once. It runs in this process, so that PyTorch is imported once."""
        for shown, smaller in SMALLER.items():
            line = line.replace(shown, smaller)
        for script, options in ADDED.items():
            if script in line:
                names = "|".join(re.findall(r"--\S+", options))
                line = re.sub(rf" ({names}) \S+", "", line) + f" {options}"
        if line in self.typed or line.startswith(LEFT_OUT) or not (words := shlex.split(line, comments=True)):
            return
        self.typed.add(line)
        assert run(words) in (0, None), line


def run(words: list[str]) -> object:
    """Run a command and return its exit status."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            match words:
                case ["fashionsdk", *arguments]:
                    return main(arguments)
                case ["python", "-m", module, *arguments]:
                    patch.setattr(sys, "argv", [module, *arguments])
                    runpy.run_module(module, run_name="__main__", alter_sys=True)
                case ["python", script, *arguments]:
                    patch.setattr(sys, "argv", [script, *arguments])
                    runpy.run_path(str(ROOT / script), run_name="__main__")
                case _:
                    pytest.fail(f"the page shows a command that this test does not know: {shlex.join(words)}")
        except SystemExit as status:
            return status.code
    return 0


@pytest.fixture(scope="module")
def reader(one_export_table: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader in a folder with the files that the pages call the reader's own."""
    folder = tmp_path_factory.mktemp("reader")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        reader = Reader()
        reader.type("python -m fashionsdk_training.garments shop --train 600 --valid 200")
        shutil.copy("shop/images/valid-00001.jpg", "query.jpg")
        Path("list.txt").write_text("shop/images/valid-00003.jpg\nshop/images/train-00005.jpg\n")
        yield reader


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)  # the first page trains and exports
@pytest.mark.parametrize("page", RUN)
def test_the_code_that_a_page_shows_runs(reader, page):
    if page != "README.md":
        reader.follow(TUTORIAL)
    assert reader.follow(page) > 0


def test_what_is_executed_otherwise_than_shown_is_shown():
    shown = "".join((ROOT / page).read_text(encoding="utf-8") for page in RUN)
    assert all(text in shown for text in [*SMALLER, *ADDED, *LEFT_OUT])
