"""Changes to the bytes of a file, as a broken disk, a stopped download or an attacker would make them."""

from collections.abc import Callable

import numpy as np

# What breaks arithmetic with sizes and offsets.
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 80_000_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1)
LONGEST = 1 << 20  # bytes that one change adds at most
CHANGES = 4  # of one file, at most


def damage(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    """Return the file with one to ``CHANGES`` changes; parts of ``others`` are mixed in."""
    for _ in range(rng.integers(1, CHANGES + 1)):
        change = _CHANGES[rng.integers(len(_CHANGES))]
        data = change(data, rng, others)
    return data


def _span(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """Draw a part of the file: often short, seldom long, and often near its beginning, where the headers are."""
    if not data:
        return 0, 0
    start = int(rng.integers(len(data))) if rng.random() < 0.5 else int(rng.integers(min(len(data), 256)))
    return start, min(len(data), start + int(2 ** rng.uniform(0, 14)))


def _flip_bits(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        if changed:
            changed[_span(data, rng)[0]] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _set_number(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    start, _ = _span(data, rng)
    length, value = int(rng.choice([1, 2, 4, 8])), EXTREMES[rng.integers(len(EXTREMES))]
    number: bytes = (value % 256**length).to_bytes(length, "little" if rng.random() < 0.5 else "big")
    return data[:start] + number + data[start + length :]


def _cut_end(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    return data[: _span(data, rng)[0]]


def _remove(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    start, stop = _span(data, rng)
    return data[:start] + data[stop:]


def _repeat(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    start, stop = _span(data, rng)
    times = min(int(2 ** rng.uniform(0, 16)), LONGEST // max(1, stop - start))
    return data[:stop] + data[start:stop] * times + data[stop:]


def _insert_noise(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    start, stop = _span(data, rng)
    return data[:start] + rng.bytes(stop - start) + data[start:]


def _fill(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    start, stop = _span(data, rng)
    return data[:start] + bytes([int(rng.choice([0, 0x20, 0xFF]))]) * (stop - start) + data[stop:]


def _mix(data: bytes, rng: np.random.Generator, others: bytes) -> bytes:
    (start, stop), (begin, end) = _span(data, rng), _span(others, rng)
    return data[:start] + others[begin:end] + data[stop:]


_CHANGES: tuple[Callable[[bytes, np.random.Generator, bytes], bytes], ...] = (
    _flip_bits,
    _set_number,
    _set_number,
    _cut_end,
    _remove,
    _repeat,
    _insert_noise,
    _fill,
    _mix,
)
