"""What came of one request. Times are seconds since the run's start."""

from __future__ import annotations

from dataclasses import dataclass

from inkstream.load.course import Phase


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """One page that was answered. `reason` is empty unless the page failed."""

    arrived_at_s: float
    line_count: int = 0
    queued_s: float = 0.0
    total_s: float = 0.0
    mean_batch_size: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request's attempts led to. `reason` is empty unless the last one failed.

    `retry_after_s` has the RetryInfo of every attempt that was refused with one, the last included.
    """

    pages: tuple[PageOutcome, ...] = ()
    attempt_count: int = 1
    retry_after_s: tuple[float, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request with its answer. `source` is the number of the source that it sent a file of.

    `due_at_s` is when it was meant to be sent, `sent_at_s` when it was: later where there was no
    room for it, or where the load generator itself was late.
    """

    phase: Phase
    source: int
    file: str
    is_document: bool
    due_at_s: float
    sent_at_s: float
    ended_at_s: float
    answer: Answer

    @property
    def has_failed(self) -> bool:
        return bool(self.answer.reason)

    @property
    def latency_s(self) -> float:
        """From when it was due, so that a server that makes the sender wait does not look fast."""
        return self.ended_at_s - self.due_at_s

    @property
    def first_page_s(self) -> float | None:
        """How long a document's first page took; None for images and where none has come."""
        read = [page.arrived_at_s for page in self.answer.pages if not page.reason]
        return min(read) - self.due_at_s if self.is_document and read else None
