"""Decides when the requests of an open loop are due. It does not know what they are."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Literal, TypeAlias

Arrivals: TypeAlias = Literal["poisson", "constant"]


def due_times(arrivals: Arrivals, rate_per_s: float, seed: int) -> Iterator[float]:
    """Seconds since the start, ascending, without end; the same for the same arguments.

    "poisson" is how independent callers arrive, so the first one is not at 0; "constant" is.
    """
    if arrivals == "constant":
        return (number / rate_per_s for number in itertools.count())
    chance = random.Random(f"arrivals {seed}")
    return itertools.accumulate(chance.expovariate(rate_per_s) for _ in itertools.count())
