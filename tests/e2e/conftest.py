"""The page in Debian's Chromium, on a real service in a process of its own."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.shop import write_bundle, write_gallery, write_photos

BROWSER = os.environ.get("FASHIONSDK_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Path:
    """A folder with a bundle, photos and their gallery."""
    folder = tmp_path_factory.mktemp("shop")
    write_bundle(folder / "bundle")
    write_gallery(folder / "shop.gallery", folder / "bundle", folder / "photos", write_photos(folder / "photos"))
    return folder


@pytest.fixture(scope="session")
def address(shop) -> Iterator[str]:
    """Where `fashionsdk serve` listens."""
    with serving(shop) as address:
        yield address


@contextmanager
def serving(shop: Path, *options: str) -> Iterator[str]:
    """Yield where `fashionsdk serve` of the shop listens, with more options."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fashionsdk", "serve", "bundle", "--gallery", "shop.gallery", "--photos", "photos"]
    with (shop / "log").open("w") as log:
        service = subprocess.Popen([*command, "--port", str(port), *options], cwd=shop, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz", service, shop / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        service.terminate()
        service.wait(SECONDS)


def _wait_for(url: str, service: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            assert service.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)


@pytest.fixture(scope="module")  # no longer: while it is there, an event loop runs in the tests' thread
def browser() -> Iterator[Any]:
    """A browser without a window."""
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright: install fashionsdk[dev]")
    if BROWSER is None:
        pytest.skip("no browser: apt-get install chromium, or name one in FASHIONSDK_BROWSER")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=options)
        yield browser
        browser.close()


@pytest.fixture
def options() -> dict[str, Any]:
    """What the browser is like; tests replace it."""
    return {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def page(browser, address, options) -> Iterator[Any]:
    """The page, just opened. Whatever it says on the console, and whatever it asks of others, fails the test."""
    with opened(browser, address, options) as page:
        page.wait_for_selector("#answers > li:not(.waiting)")
        yield page


@contextmanager
def opened(browser: Any, address: str, options: dict[str, Any], path: str = "/") -> Iterator[Any]:
    """Yield a page in a window of its own; what it says on the console or asks of others fails the test at the end."""
    context = (
        browser.new_context(locale="en-GB", **options) if "locale" not in options else browser.new_context(**options)
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: None if _own(asked.url, address) else faults.append(f"asked {asked.url}"))
    page.allowed = re.compile("(?!)")  # what the console may say in this test
    page.goto(address + path)
    yield page
    context.close()
    assert [fault for fault in faults if not page.allowed.search(fault)] == []


def _own(url: str, address: str) -> bool:
    return url.startswith((address, "blob:", "data:"))
