"""The batch sizes that a graph of CUDA calls is recorded for: powers of two up to the largest."""


def rung(count: int, largest: int) -> int:
    """Return the smallest size of the ladder that holds ``count`` photos, of at most ``largest``."""
    return min(1 << (count - 1).bit_length(), largest)
