"""What mkdocs does for this site beyond its pages: pages that are generated, and links that leave ``docs``.

- ``commands.md`` gets each command's and each script's own ``--help``.
- ``results/`` holds ``benchmarks/results``; ``changelog.md`` and ``contributing.md`` hold the files of the root.
- A link in a page that points to one of those files, as it must on a code host, is sent to its page here.
"""

import contextlib
import io
import os
import posixpath
import re
import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
SCRIPTS = (
    "training/prepare.py",
    "training/labels.py",
    "training/train.py",
    "training/evaluate.py",
    "training/add_attribute.py",
    "training/import_original.py",
    "export/build_engine.py",
    "export/triton.py",
)
MODULES = ("fashionsdk_training.garments", "fashionsdk_export.demo")
COPIES: Mapping[str, str] = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
RESULTS = ("benchmarks/results", "results")
HELP = "<!-- help -->"  # where the help texts go
COLUMNS = "84"  # the width of a help text

_LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for source, target in COPIES.items():
        files.append(File.generated(config, target, content=(ROOT / source).read_text(encoding="utf-8")))
    for path in sorted((ROOT / RESULTS[0]).iterdir()):
        target = f"{RESULTS[1]}/{path.name}"
        if path.suffix == ".md":
            files.append(File.generated(config, target, content=path.read_text(encoding="utf-8")))
        else:
            files.append(File.generated(config, target, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Send links that leave ``docs`` to the pages that hold what they point to."""
    if HELP in markdown:
        markdown = markdown.replace(HELP, help_texts())
    here = source_of(page.file.src_uri)
    return _LINK.sub(lambda match: site_link(match[1], here, page.file.src_uri) + (match[2] or ""), markdown)


def source_of(uri: str) -> str:
    """Return where a page's text stands in the repository."""
    for source, target in COPIES.items():
        if uri == target:
            return source
    return uri.replace(RESULTS[1], RESULTS[0], 1) if uri.startswith(f"{RESULTS[1]}/") else f"docs/{uri}"


def site_link(link: str, source: str, uri: str) -> str:
    """Return a link of the file ``source`` as the page ``uri`` must have it."""
    if ":" in link or link.startswith("/"):
        return link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if target in COPIES:
        target = COPIES[target]
    elif target.startswith(f"{RESULTS[0]}/"):
        target = RESULTS[1] + target.removeprefix(RESULTS[0])
    elif target.startswith("docs/"):
        target = target.removeprefix("docs/")
    else:
        return link
    return posixpath.relpath(target, posixpath.dirname(uri) or ".")


def help_texts() -> str:
    """Return every command's and every script's ``--help``, each under a heading."""
    parts = [_section("fashionsdk", fashionsdk_help([]))]
    for name in fashionsdk_commands():
        parts.append(_section(f"fashionsdk {name}", fashionsdk_help([name])))
        parts += [_section(f"fashionsdk {name} {inner}", fashionsdk_help([name, inner])) for inner in _inner(name)]
    parts += [_section(f"python {script}", script_help(ROOT / script)) for script in SCRIPTS]
    parts += [_section(f"python -m {module}", module_help(module)) for module in MODULES]
    parts.append(_section("python benchmarks", script_help(ROOT / "benchmarks")))
    return "\n\n".join(parts)


def _section(command: str, text: str) -> str:
    return f"## `{command}`\n\n```text\n{text.rstrip()}\n```"


def fashionsdk_commands() -> list[str]:
    """Return the names of the ``fashionsdk`` commands, in the order of its help."""
    commands = fashionsdk_help([]).partition("commands:")[2].partition("exit codes:")[0]
    return re.findall(r"^    ([a-z-]+)(?= |$)", commands, re.MULTILINE)


def _inner(name: str) -> list[str]:
    """Return the commands of a command that has some, such as ``fashionsdk gallery``."""
    commands = fashionsdk_help([name]).partition("\ncommands:")[2].partition("\nusage:")[0]
    return re.findall(r"^    ([a-z-]+)(?= |$)", commands, re.MULTILINE)


def fashionsdk_help(arguments: Sequence[str]) -> str:
    """Return the help of ``fashionsdk``, or of one of its commands."""
    from fashionsdk.cli import main

    with printed([*arguments, "--help"]) as text:
        main([*arguments, "--help"])
    return text.getvalue()


def script_help(script: Path) -> str:
    """Return the help of a script, or of a folder with a ``__main__.py``."""
    with printed([str(script), "--help"]) as text:
        sys.path.insert(0, str(script.parent))  # as Python does for a script
        runpy.run_path(str(script), run_name="__main__")
    return text.getvalue()


def module_help(module: str) -> str:
    """Return the help of a module that is run with ``python -m``."""
    with printed([module, "--help"]) as text:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    return text.getvalue()


@contextlib.contextmanager
def printed(argv: list[str]) -> Iterator[io.StringIO]:
    """Collect what is printed on stdout until the program exits; it finds ``argv`` and a fixed width."""
    text, before, path, columns = io.StringIO(), sys.argv, list(sys.path), os.environ.get("COLUMNS")
    sys.argv, os.environ["COLUMNS"] = argv, COLUMNS
    try:
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            yield text
    finally:
        sys.argv, sys.path[:] = before, path
        os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns)
