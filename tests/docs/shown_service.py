"""What a page shows of a running service is run against one: its own command, curl's lines and JavaScript."""

import os
import shutil
import subprocess
from pathlib import Path

ADDRESS = "http://127.0.0.1:8000"
SERVE = "fashionsdk serve "
SECONDS = 120


def here(text: str, address: str) -> str:
    """Return a page's text with the address of this service."""
    return text.replace(ADDRESS, address).replace(ADDRESS.partition("//")[2], address.partition("//")[2])


def run_shell(block: str, address: str, page: str) -> None:
    """Run a block of curl's lines; an answer that is a problem fails."""
    if shutil.which("curl") is None:
        return
    Path(".curlrc").write_text("fail\nsilent\nshow-error\n")
    environment = {**os.environ, "CURL_HOME": os.getcwd()}
    done = subprocess.run(
        ["sh", "-e", "-c", here(block, address)], env=environment, capture_output=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, (page, block, done.stdout[-500:], done.stderr)


def run_javascript(blocks: list[str], address: str, page: str) -> None:
    """Run a page's blocks of JavaScript, one after the other, as one module."""
    if shutil.which("node") is None:
        return
    done = subprocess.run(
        ["node", "--input-type=module"],
        input=here("\n".join(blocks), address).encode(),
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, (page, done.stdout, done.stderr)
