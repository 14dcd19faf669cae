"""Check that an argument is a whole number within its range."""

import math
from operator import index
from reprlib import repr as short


def whole_number(value: object, name: str, *, least: int = 1, most: float = math.inf, otherwise: str = "") -> int:
    """Return an argument as an ``int``; NumPy's integers are whole numbers, and ``True`` is none.

    Args:
        value: what the caller gave.
        name: what the argument is called.
        least: the smallest that is allowed.
        most: the largest that is allowed.
        otherwise: what else the argument may be, for the message, such as ``"None for all"``.

    Raises:
        TypeError: it is of another type.
        ValueError: it is out of range.
    """
    expected = f"{least} or more" if most == math.inf else f"{least} to {most}"
    also = f", or {otherwise}" if otherwise else ""
    truth = str(getattr(value, "dtype", type(value).__name__)) == "bool"  # NumPy's truth values are found unimported
    try:
        number = None if truth else index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} is {short(value)}; expected a whole number, {expected}{also}")
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}; expected {expected}{also}")
    return int(number)
