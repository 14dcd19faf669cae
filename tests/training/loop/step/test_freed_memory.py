"""Freed memory stays in the process: the next large tensor costs no page faults."""

import platform
import subprocess
import sys

import pytest

from fashionsdk_training.loop.step import freed_memory

PROGRAM = """
import resource, runpy, sys
import numpy as np
keep_freed_memory = runpy.run_path(sys.argv[2])["keep_freed_memory"]  # alone, without PyTorch
print(keep_freed_memory() if sys.argv[1] == "keep" else None)
for turn in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    array = np.ones(64 * 2**20 // 8)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    del array
print(faults)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep freed memory")
def test_memory_that_was_freed_is_used_again_without_page_faults():
    (told, kept), (_, given_back) = (
        subprocess.run(
            [sys.executable, "-c", PROGRAM, how, freed_memory.__file__], capture_output=True, text=True, check=True
        ).stdout.split()
        for how in ("keep", "give back")
    )
    assert told == "True"
    assert int(kept) * 20 < int(given_back)
