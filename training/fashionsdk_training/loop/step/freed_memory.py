"""Keep freed memory in the process: handing it back to the kernel takes a fifth of a training step."""

from fashionsdk._tools.c_library import glibc

# glibc's mallopt, with its numbers. A step frees and takes gigabytes in pieces of some megabytes; by default each piece
# is unmapped and mapped again, and every page of it is faulted in. Measured: docs/decisions/freed-memory.md.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_MIB = 1024 * 1024


def keep_freed_memory() -> bool:
    """Let this process keep what it frees; return whether the C library can be told so (glibc can)."""
    library = glibc()
    if library is None:
        return False
    settings = ((_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 64 * _MIB), (_MMAP_THRESHOLD, 1024 * _MIB))
    done = [library.mallopt(name, value) for name, value in settings]
    return all(done)
