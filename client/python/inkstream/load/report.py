"""What a run amounts to: figures of the whole and of each source, as values. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inkstream.load.course import Phase
from inkstream.load.distribution import Bucket, Distribution, histogram
from inkstream.load.outcome import Outcome, PageOutcome
from inkstream.load.plan import LoadPlan, Seconds
from inkstream.load.run import Run

_S_TO_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which what is finished counts for the rates."""

    begins_at_s: float
    ends_at_s: float

    @property
    def length_s(self) -> float:
        return self.ends_at_s - self.begins_at_s

    def holds(self, at_s: float) -> bool:
        return self.begins_at_s <= at_s <= self.ends_at_s

    def rate_per_s(self, count: int) -> float:
        """What so many in the span are a second."""
        return count / self.length_s if self.length_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Errors:
    """Failures of one reason. `mean_retry_after_s` None: none of them came with a RetryInfo."""

    reason: str
    count: int
    mean_retry_after_s: float | None


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of the whole or of one source; `name` is empty for the whole.

    Counts, latencies and errors are those of requests that were due in the measured phase, however
    late their answer; latencies those of the ones that succeeded. Rates count what was finished
    in the span, whenever it was due: else a short run would miss what is in flight at its ends.
    """

    name: str
    request_count: int
    failed_request_count: int
    page_count: int
    failed_page_count: int
    line_count: int
    requests_per_s: float
    pages_per_s: float
    lines_per_s: float
    latency_ms: Distribution | None
    first_page_ms: Distribution | None
    errors: tuple[Errors, ...]
    page_errors: tuple[Errors, ...]
    retry_count: int
    mean_retry_after_s: float | None
    mean_batch_size: float | None
    queued_share: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """`send_lag_ms`: how much later than due requests were sent, whoever was the cause."""

    plan: LoadPlan
    span: Span
    total: Section
    sources: tuple[Section, ...]
    latency_ms: tuple[Bucket, ...]
    send_lag_ms: Distribution | None
    measured: tuple[Outcome, ...]
    warm_up_request_count: int
    max_in_flight_count: int
    held_back_count: int
    unsent_count: int
    abandoned_count: int
    was_interrupted: bool
    client_cpu_share: float

    @property
    def is_clean(self) -> bool:
        """No request and no page failed, and every one that was due could be sent."""
        failed_count = self.total.failed_request_count + self.total.failed_page_count
        return failed_count == 0 and self.unsent_count == 0


def report_on(plan: LoadPlan, run: Run) -> Report:
    progress = run.progress
    measured = tuple(each for each in progress.outcomes if each.phase is Phase.MEASURED)
    span = _span(plan, run, measured)
    return Report(
        plan=plan,
        span=span,
        total=_section("", progress.outcomes, span),
        sources=tuple(
            _section(source.name, [o for o in progress.outcomes if o.source == number], span)
            for number, source in enumerate(plan.sources)
        ),
        latency_ms=histogram(_latencies_ms(measured)),
        send_lag_ms=Distribution.of([_S_TO_MS * (o.sent_at_s - o.due_at_s) for o in measured]),
        measured=measured,
        warm_up_request_count=len(progress.outcomes) - len(measured),
        max_in_flight_count=progress.max_in_flight_count,
        held_back_count=progress.held_back_count,
        unsent_count=progress.unsent_count,
        abandoned_count=run.abandoned_count,
        was_interrupted=run.was_interrupted,
        client_cpu_share=run.client_cpu_s / run.length_s if run.length_s > 0 else 0.0,
    )


def _span(plan: LoadPlan, run: Run, measured: Sequence[Outcome]) -> Span:
    """A phase by count lasts until its last answer, and none longer than a run that was stopped."""
    course = run.progress.course
    begins_at_s = run.length_s if course.begins_at_s is None else course.begins_at_s
    if isinstance(plan.measured, Seconds):
        ends_at_s = begins_at_s + plan.measured.count
    else:
        ends_at_s = max((outcome.ended_at_s for outcome in measured), default=begins_at_s)
    if run.was_interrupted:
        ends_at_s = run.length_s
    return Span(min(begins_at_s, ends_at_s), ends_at_s)


def _section(name: str, outcomes: Sequence[Outcome], span: Span) -> Section:
    measured = [outcome for outcome in outcomes if outcome.phase is Phase.MEASURED]
    pages = [page for outcome in measured for page in outcome.answer.pages]
    read = [page for page in pages if not page.reason]
    answered = [o for o in outcomes if not o.has_failed and span.holds(o.ended_at_s)]
    finished = [
        page
        for outcome in outcomes
        for page in outcome.answer.pages
        if not page.reason and span.holds(page.arrived_at_s)
    ]
    firsts_s = [o.first_page_s for o in measured if o.first_page_s is not None]
    return Section(
        name=name,
        request_count=len(measured),
        failed_request_count=sum(outcome.has_failed for outcome in measured),
        page_count=len(read),
        failed_page_count=len(pages) - len(read),
        line_count=sum(page.line_count for page in read),
        requests_per_s=span.rate_per_s(len(answered)),
        pages_per_s=span.rate_per_s(len(finished)),
        lines_per_s=span.rate_per_s(sum(page.line_count for page in finished)),
        latency_ms=Distribution.of(_latencies_ms(measured)),
        first_page_ms=Distribution.of([_S_TO_MS * first_s for first_s in firsts_s]),
        errors=_errors(measured),
        page_errors=_page_errors(pages),
        retry_count=sum(outcome.answer.attempt_count - 1 for outcome in measured),
        mean_retry_after_s=_mean([s for o in measured for s in o.answer.retry_after_s]),
        mean_batch_size=_mean([p.mean_batch_size for p in read if p.mean_batch_size > 0]),
        queued_share=_ratio(sum(p.queued_s for p in read), sum(p.total_s for p in read)),
    )


def _latencies_ms(measured: Sequence[Outcome]) -> list[float]:
    return [_S_TO_MS * outcome.latency_s for outcome in measured if not outcome.has_failed]


def _errors(measured: Sequence[Outcome]) -> tuple[Errors, ...]:
    waits_s: defaultdict[str, list[float]] = defaultdict(list)
    failed = [outcome.answer for outcome in measured if outcome.has_failed]
    for answer in failed:
        waits_s[answer.reason] += answer.retry_after_s[-1:]
    return _by_count([each.reason for each in failed], lambda reason: _mean(waits_s[reason]))


def _page_errors(pages: Sequence[PageOutcome]) -> tuple[Errors, ...]:
    return _by_count([page.reason for page in pages if page.reason], lambda reason: None)


def _by_count(
    reasons: Sequence[str], mean_retry_after_s: Callable[[str], float | None]
) -> tuple[Errors, ...]:
    """The most frequent first, equal ones by name."""
    found = [
        Errors(reason, reasons.count(reason), mean_retry_after_s(reason)) for reason in set(reasons)
    ]
    return tuple(sorted(found, key=lambda errors: (-errors.count, errors.reason)))


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
