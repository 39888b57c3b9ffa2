"""Runs that never happened, put together by hand."""

from __future__ import annotations

from inkstream.load.course import Course, Phase
from inkstream.load.mix import File, Source
from inkstream.load.outcome import Answer, Outcome, PageOutcome
from inkstream.load.plan import CallSettings, ClosedLoop, Extent, LoadPlan, OpenLoop, Pace, Seconds
from inkstream.load.run import Progress, Run

IMAGE = Source("a.png", 9.0, (File("a.png", b"png", is_document=False),))
DOCUMENT = Source("b.pdf", 1.0, (File("b.pdf", b"%PDF-", is_document=True),))
WARM_UP, MEASURED = Seconds(2), Seconds(10)
OPEN = OpenLoop(rate_per_s=20.0, arrivals="poisson", max_in_flight=4)


def plan(
    *, pace: Pace | None = None, warm_up: Extent = WARM_UP, measured: Extent = MEASURED
) -> LoadPlan:
    return LoadPlan(
        target="localhost:50051",
        sources=(IMAGE, DOCUMENT),
        pace=pace or ClosedLoop(8),
        warm_up=warm_up,
        measured=measured,
        calls=CallSettings(timeout_s=60.0),
        connection_count=1,
        seed=1,
    )


def image(due_at_s: float, ended_at_s: float, answer: Answer | None = None) -> Outcome:
    return Outcome(
        phase=Phase.WARM_UP if due_at_s < 2 else Phase.MEASURED,
        source=0,
        file="a.png",
        is_document=False,
        due_at_s=due_at_s,
        sent_at_s=due_at_s + 0.001,
        ended_at_s=ended_at_s,
        answer=answer or Answer((page(ended_at_s),)),
    )


def document(due_at_s: float, *pages: PageOutcome) -> Outcome:
    return Outcome(
        phase=Phase.WARM_UP if due_at_s < 2 else Phase.MEASURED,
        source=1,
        file="b.pdf",
        is_document=True,
        due_at_s=due_at_s,
        sent_at_s=due_at_s,
        ended_at_s=pages[-1].arrived_at_s,
        answer=Answer(pages),
    )


def page(
    arrived_at_s: float, *, line_count: int = 10, batch_size: float = 4.0, reason: str = ""
) -> PageOutcome:
    if reason:
        return PageOutcome(arrived_at_s, reason=reason)
    return PageOutcome(arrived_at_s, line_count, 0.25, 1.0, batch_size)


def refused(reason: str, *retry_after_s: float) -> Answer:
    return Answer((), max(len(retry_after_s), 1), retry_after_s, reason)


def run(of: LoadPlan, *outcomes: Outcome, length_s: float = 13.0, **facts: bool | int) -> Run:
    progress = Progress(Course(of.warm_up, of.measured))
    for outcome in outcomes:
        progress.course.place(outcome.due_at_s)
        progress.begin()
        progress.end(outcome)
    for name in ("held_back_count", "unsent_count"):
        setattr(progress, name, int(facts.get(name, 0)))
    return Run(
        progress=progress,
        length_s=length_s,
        client_cpu_s=length_s / 4,
        was_interrupted=bool(facts.get("was_interrupted", False)),
        abandoned_count=int(facts.get("abandoned_count", 0)),
    )
