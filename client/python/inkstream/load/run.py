"""What a run has come to so far, and what it came to. It drives nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from inkstream.load.course import Course
from inkstream.load.outcome import Outcome


@dataclass(slots=True)
class Progress:
    """What has happened so far; times count from the run's start.

    `held_back_count`: requests of an open loop that had to wait for room. `unsent_count`: those
    that were due and for which there was no room before the measured phase ended.
    """

    course: Course
    outcomes: list[Outcome] = field(default_factory=list)
    in_flight_count: int = 0
    max_in_flight_count: int = 0
    held_back_count: int = 0
    unsent_count: int = 0
    failed_count: int = 0
    page_count: int = 0

    def begin(self) -> None:
        self.in_flight_count += 1
        self.max_in_flight_count = max(self.max_in_flight_count, self.in_flight_count)

    def end(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.failed_count += outcome.has_failed
        self.page_count += len(outcome.answer.pages)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended, after `length_s`. `client_cpu_s` is what this process used meanwhile.

    Where it was interrupted, `abandoned_count` requests were in flight; nothing is known of them.
    """

    progress: Progress
    length_s: float
    client_cpu_s: float
    was_interrupted: bool
    abandoned_count: int
