"""What a batch costs in seconds, by its model, the shape of its items and their count.

Pure: it is built from measurements that others take. How it is used - to choose batch sizes, to
share a queue fairly, to predict a wait, to simulate - is not its matter.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Self

Shape = tuple[int, ...]


class NotMeasured(LookupError):
    """The table has no measurement of this model. It never guesses from another one's."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The time that a worker is taken up by one batch of `count` items of one shape, in pixels.

    `engine_seconds` is what of it the bare call of the engine took.
    """

    model: str
    shape: Shape
    count: int
    seconds: float
    engine_seconds: float = 0.0


class CostTable:
    """Times of batches, also of those that lie between and beyond what was measured.

    Only the product of a shape's sides counts, and shapes of equal product share their mean.
    Times never fall when the items get more or larger: other work on the machine can only have
    made a measurement too long, so what is longer than for a larger batch is taken for that.
    Where the measurements are so, the table has exactly them.
    """

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        by_model: defaultdict[str, list[Measurement]] = defaultdict(list)
        for each in measurements:
            by_model[each.model].append(each)
        self._measurements = {model: tuple(own) for model, own in by_model.items()}
        self._grids = {model: _Grid.of(own) for model, own in by_model.items()}

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self._measurements)

    def measurements(self, model: str) -> tuple[Measurement, ...]:
        """What was measured of the model, as it was. Raises NotMeasured."""
        self._grid(model)
        return self._measurements[model]

    def batch_s(self, model: str, shape: Shape, count: int) -> float:
        """The seconds of one batch. Raises NotMeasured.

        Linear between the neighbouring measurements in size and count; outside of them in
        proportion to the nearest one.
        """
        assert count > 0, count
        return self._grid(model).seconds(math.prod(shape), count)

    def item_s(self, model: str, shape: Shape, count: int = 1) -> float:
        """One item's share of the seconds of a batch. Raises NotMeasured."""
        return self.batch_s(model, shape, count) / count

    def to_values(self) -> list[dict[str, object]]:
        """All measurements as values that JSON can hold."""
        return [asdict(each) for own in self._measurements.values() for each in own]

    @classmethod
    def from_values(cls, values: object) -> Self:
        """The table of what `to_values` gave, once read from JSON. Raises ValueError."""
        if not isinstance(values, list):
            raise ValueError(f"no list of measurements: {values!r}")  # noqa: TRY004 - one error
        return cls(_measurement(each) for each in values)

    def _grid(self, model: str) -> _Grid:
        try:
            return self._grids[model]
        except KeyError:
            raise NotMeasured(f"nothing was measured of model {model!r}") from None


@dataclass(frozen=True, slots=True)
class _Grid:
    """One model's times: a row for each size, a column for each count, both rising."""

    sizes: tuple[float, ...]
    counts: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, measurements: Sequence[Measurement]) -> _Grid:
        by_size: defaultdict[int, defaultdict[int, list[float]]]
        by_size = defaultdict(lambda: defaultdict(list))
        for each in measurements:
            by_size[math.prod(each.shape)][each.count].append(each.seconds)
        sizes = sorted(by_size)
        counts = sorted({each.count for each in measurements})
        rows: list[list[float]] = []
        for size in sizes:
            measured = {count: fmean(seconds) for count, seconds in by_size[size].items()}
            rows.append(_filled(counts, measured, at_least=rows[-1] if rows else None))
        return cls(tuple(sizes), tuple(counts), _rising(rows))

    def seconds(self, size: int, count: int) -> float:
        return _along(self.sizes, [_along(self.counts, row, count) for row in self.rows], size)


def _filled(
    counts: Sequence[int], measured: dict[int, float], at_least: Sequence[float] | None
) -> list[float]:
    """A row with a time for every count; those not measured are no less than the row's before."""
    own_counts = sorted(measured)
    own_seconds = [measured[count] for count in own_counts]
    floors = at_least or [0.0] * len(counts)
    return [
        measured[count] if count in measured else max(_along(own_counts, own_seconds, count), floor)
        for count, floor in zip(counts, floors, strict=True)
    ]


def _rising(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    """Each time lowered to the least one at its right and below."""
    lowered: list[tuple[float, ...]] = []
    below = [math.inf] * len(rows[0])
    for row in reversed(rows):
        least = math.inf
        new: list[float] = []
        for seconds, under in zip(reversed(row), reversed(below), strict=True):
            least = min(least, seconds, under)
            new.append(least)
        below = new[::-1]
        lowered.append(tuple(below))
    return tuple(reversed(lowered))


def _along(knots: Sequence[float], values: Sequence[float], at: float) -> float:
    """The value at `at`: linear between two knots, in proportion to the nearest one outside."""
    right = bisect_left(knots, at)
    if right < len(knots) and knots[right] == at:
        return values[right]
    if right in (0, len(knots)):
        nearest = 0 if right == 0 else -1
        return values[nearest] * at / knots[nearest]
    (x0, x1), (y0, y1) = knots[right - 1 : right + 1], values[right - 1 : right + 1]
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)


def _measurement(values: object) -> Measurement:
    match values:
        case {
            "model": str(model),
            "shape": [_, *_] as sides,
            "count": int(count),
            "seconds": float(seconds),
            "engine_seconds": float(engine_seconds),
        } if _are_counts([*sides, count]) and 0.0 < seconds < math.inf:
            return Measurement(model, tuple(sides), count, seconds, engine_seconds)
    raise ValueError(f"no measurement: {values!r}")


def _are_counts(values: Sequence[object]) -> bool:
    return all(type(each) is int and each > 0 for each in values)
