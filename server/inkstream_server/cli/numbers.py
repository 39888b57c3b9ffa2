"""Types of flags that are numbers: what a message or a clock could not hold is refused."""

from __future__ import annotations

import argparse
import math
from typing import Final

_LARGEST: Final = (1 << 31) - 1  # an int32 of the wire
_LONGEST_S: Final = 365 * 86400.0


def whole(text: str) -> int:
    """A whole number that a message can hold; whether it makes sense, the server says."""
    number = int(text)
    if abs(number) > _LARGEST:
        raise argparse.ArgumentTypeError(f"{text} is out of range: -{_LARGEST} to {_LARGEST}")
    return number


def seconds(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or not 0.0 < number <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text} is out of range: above 0, to {_LONGEST_S:.0f}")
    return number
