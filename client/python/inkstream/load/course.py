"""Decides which phase of a run each request belongs to, and when the run is over. No clock."""

from __future__ import annotations

from enum import Enum

from inkstream.load.plan import Extent, Requests, Seconds


class Phase(Enum):
    WARM_UP = "warm-up"
    MEASURED = "measured"
    OVER = "over"


class Course:
    """Asked once for each request, in the order in which they are due. Times count from its start.

    The measured phase begins where a warm-up by time ends, or with the first request behind a
    warm-up by count.
    """

    def __init__(self, warm_up: Extent, measured: Extent) -> None:
        self._warm_up = warm_up
        self._measured = measured
        self._warm_up_count = 0
        self._measured_count = 0
        self.begins_at_s = warm_up.count if isinstance(warm_up, Seconds) else None

    @property
    def ends_at_s(self) -> float | None:
        """When the measured phase ends; None where that is not a matter of time, or not known."""
        if self.begins_at_s is None or isinstance(self._measured, Requests):
            return None
        return self.begins_at_s + self._measured.count

    def place(self, due_at_s: float) -> Phase:
        """The phase of the next request; OVER means that it must not be sent."""
        if self._is_warm_up(due_at_s):
            self._warm_up_count += 1
            return Phase.WARM_UP
        if self.begins_at_s is None:
            self.begins_at_s = due_at_s
        if self._is_over(due_at_s):
            return Phase.OVER
        self._measured_count += 1
        return Phase.MEASURED

    def phase_at(self, now_s: float) -> Phase:
        """Where the run stands, for people to see; decides nothing."""
        if self.begins_at_s is None or now_s < self.begins_at_s:
            return Phase.WARM_UP
        return Phase.OVER if self._is_over(now_s) else Phase.MEASURED

    def _is_warm_up(self, due_at_s: float) -> bool:
        if isinstance(self._warm_up, Seconds):
            return due_at_s < self._warm_up.count
        return self._warm_up_count < self._warm_up.count

    def _is_over(self, now_s: float) -> bool:
        if isinstance(self._measured, Requests):
            return self._measured_count >= self._measured.count
        ends_at_s = self.ends_at_s
        return ends_at_s is not None and now_s >= ends_at_s
