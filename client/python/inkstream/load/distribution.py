"""Arithmetic on samples: percentiles that are samples themselves, and a logarithmic histogram."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MAX_BUCKETS: Final = 20
_BUCKETS_PER_DECADE: Final = (20, 10, 5, 2, 1)  # the first that needs no more buckets than that


@dataclass(frozen=True, slots=True)
class Distribution:
    """In the unit of the samples."""

    sample_count: int
    min: float
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    p99_9: float
    max: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Distribution | None:
        """None where there are no samples."""
        if not samples:
            return None
        ordered = sorted(samples)
        return cls(
            sample_count=len(ordered),
            min=ordered[0],
            mean=math.fsum(ordered) / len(ordered),
            p50=percentile(ordered, 50),
            p90=percentile(ordered, 90),
            p95=percentile(ordered, 95),
            p99=percentile(ordered, 99),
            p99_9=percentile(ordered, 99.9),
            max=ordered[-1],
        )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least sample that at least so many per cent of all samples do not exceed."""
    # 99.9 / 100 * 1000 is a little above 999, which must not count as 1000.
    rank = math.ceil(round(len(ordered) * percent / 100, 9))
    return ordered[max(rank, 1) - 1]


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many samples are at least `low` and below `high`."""

    low: float
    high: float
    count: int


def histogram(samples: Sequence[float]) -> tuple[Bucket, ...]:
    """Buckets of equal ratio without a gap, from the least sample's to the greatest's.

    Samples must be above 0.
    """
    if not samples:
        return ()
    low, high = min(samples), max(samples)
    per_decade = next(
        (
            count
            for count in _BUCKETS_PER_DECADE
            if _number(high, count) - _number(low, count) < _MAX_BUCKETS
        ),
        _BUCKETS_PER_DECADE[-1],
    )
    counts = Counter(_number(sample, per_decade) for sample in samples)
    return tuple(
        Bucket(_edge(number, per_decade), _edge(number + 1, per_decade), counts[number])
        for number in range(min(counts), max(counts) + 1)
    )


def _number(sample: float, per_decade: int) -> int:
    number = math.floor(math.log10(sample) * per_decade)
    # The logarithm of an edge may come out on either side of it.
    if sample >= _edge(number + 1, per_decade):
        return number + 1
    return number - 1 if sample < _edge(number, per_decade) else number


def _edge(number: int, per_decade: int) -> float:
    return float(10 ** (number / per_decade))
