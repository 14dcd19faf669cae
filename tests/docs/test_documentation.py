"""The README and the documentation: what a page names exists, and what it links to is there."""

import importlib.util
import pkgutil
import re
import runpy
import sys
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

import pytest

import fashionsdk
from tests.docs.pages import BLOCK, DOCS, NAMES, PAGES, ROOT

INLINE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SCRIPT = re.compile(r"(?<![\w/])(?:training|export|benchmarks|tests)/[\w/]+\.py\b")
DOTTED = re.compile(r"`(fashionsdk\w*(?:\.\w+)+)`")
COMMAND = re.compile(r"(?:^|\s)(fashionsdk [a-z-]+|python (?:benchmarks \w+|-m [\w.]+|[\w/]+\.py))(?=\s|$)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "tools" / "site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slugs(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as both a code host and the site make them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    generated = {DOCS / "commands.md", *DOCS.glob("api/*.md")}  # the site's build, which is strict, finds their anchors
    for link in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or target in generated or anchor in slugs(target), link


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_script_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    assert [script for script in SCRIPT.findall(text) if not (ROOT / script).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_dotted_name_that_a_page_gives_exists(page):
    for name in DOTTED.findall(page.read_text(encoding="utf-8")):
        pkgutil.resolve_name(name)


def commands(page: Path) -> Iterator[tuple[str, str]]:
    """Yield every command that a page shows, with the text up to the next one."""
    text = page.read_text(encoding="utf-8")
    shown = [line for _, block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    for line in [*shown, *INLINE.findall(BLOCK.sub("", text).replace("\n", " "))]:
        found = list(COMMAND.finditer(line.partition("  #")[0]))
        for match, following in zip_longest(found, found[1:]):
            yield match[1], line[match.end() : following.start() if following else None]


@cache
def known_options(command: str) -> frozenset[str] | None:
    """Return the options in a command's help, or None if it is none of this project's."""
    tools, words = hooks(), command.split()
    match words:
        case ["fashionsdk", name]:
            text = tools.fashionsdk_help([name])
        case ["python", "-m", module] if module.startswith("fashionsdk_"):
            text = tools.module_help(module)
        case ["python", "benchmarks", name]:
            text = benchmark_help(name)
        case ["python", script] if SCRIPT.fullmatch(script):
            text = tools.script_help(ROOT / script)
        case _:
            return None
    assert text.startswith("usage:"), command
    return frozenset(OPTION.findall(text))


def benchmark_help(name: str) -> str:
    tools = hooks()
    rooms = {path.name for path in (ROOT / "benchmarks").iterdir() if path.is_dir()}
    for imported in [module for module in sys.modules if module.partition(".")[0] in rooms]:
        del sys.modules[imported]  # tests of the benchmarks import them, and runpy warns of what it runs again
    with tools.printed(["benchmarks", name, "--help"]) as text:
        runpy.run_path(str(ROOT / "benchmarks"), run_name="__main__")
    return str(text.getvalue())


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_option_that_a_page_shows_is_in_the_command_s_help(page):
    for command, rest in commands(page):
        if OPTION.search(rest) and (known := known_options(command)) is not None:
            assert set(OPTION.findall(rest)) <= known, f"{command}{rest}"


def test_the_option_test_sees_commands():
    found = [command for page in PAGES for command, _ in commands(page)]
    assert {"fashionsdk check", "python training/train.py", "python export/build_engine.py"} <= set(found)
    assert {"python benchmarks/search.py", "python -m fashionsdk_training.garments", "python benchmarks jpeg"} <= set(
        found
    )


def test_the_list_of_commands_is_complete():
    listed = re.findall(r"^\| `fashionsdk ([a-z-]+)`", (DOCS / "commands.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == hooks().fashionsdk_commands()


@pytest.mark.parametrize("name", fashionsdk.__all__)
def test_every_public_name_is_in_the_reference(name):
    pages = {page.name: page.read_text(encoding="utf-8") for page in DOCS.glob("api/*.md")}
    assert f"`{name}`" in pages["index.md"]
    assert any(re.search(rf"^::: fashionsdk\.{name}$", text, re.MULTILINE) for text in pages.values())
