"""Means that follow what is measured: recent measurements count, old ones fade."""

from __future__ import annotations


class FadingRatio:
    """A sum over another, of what was noted lately.

    Starts as `initial`, which weighs as much as `weight` of the denominator; every `weight` that
    is noted leaves 1/e of what was known before.
    """

    def __init__(self, initial: float, weight: float) -> None:
        self._weight = weight
        self._above = initial * weight
        self._below = weight

    @property
    def value(self) -> float:
        return self._above / self._below

    def note(self, above: float, below: float) -> None:
        kept = self._weight / (self._weight + below)
        self._above = (self._above + above) * kept
        self._below = (self._below + below) * kept


class DrainRate:
    """How many seconds of work are done in a second, while there is enough to do.

    Work is what `Backlog` counts: two workers that keep to the cost table drain 2.
    """

    def __init__(self, initial: float, memory_s: float = 10.0) -> None:
        self.initial = initial
        self._rate = FadingRatio(initial, memory_s)
        self._last_at: float | None = None

    @property
    def value(self) -> float:
        return self._rate.value

    def note_done(self, work_s: float, *, now: float) -> None:
        """Some work is done, and more is there for the workers to do."""
        if self._last_at is not None:
            self._rate.note(work_s, now - self._last_at)
        self._last_at = now

    def note_idle(self) -> None:
        """There is not enough for all workers: until the next work is done nothing is learned."""
        self._last_at = None
