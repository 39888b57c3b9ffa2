"""Reads the contract's floats, of 32 bits, as the numbers that their senders wrote."""

from __future__ import annotations

import ctypes
import math
from typing import Final

# As many always tell one 32-bit float from the next.
_MOST_DIGITS: Final = 9


def as_written(value: float) -> float:
    """The shortest of all decimal numbers that 32 bits turn into this one: 0.3, not 0.3000000119.

    So a request that states a default is read exactly as one that leaves it out.
    """
    if not math.isfinite(value):
        return value
    shortened = (float(f"{value:.{digits}g}") for digits in range(1, _MOST_DIGITS))
    return next((each for each in shortened if ctypes.c_float(each).value == value), value)
