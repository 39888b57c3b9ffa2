"""Runs the steps of the pages in hand, on whose account the waiting goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from inkstream_server.pipeline.dispatcher import Dispatcher, Outcome
from inkstream_server.pipeline.sheet import Sheet
from inkstream_server.telemetry.tracing import stage
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.model_tasks import ModelBucket
from inkstream_server.workers.task import Task

R = TypeVar("R")


class PageSteps:
    """What one step is for all pages; nothing of a page is kept in it."""

    def __init__(self, cpu: Dispatcher, models: Dispatcher) -> None:
        self._cpu = cpu
        self._models = models

    async def on_cpu(self, step: str, sheet: Sheet, task: Task[R], leases: Sequence[Hold]) -> R:
        with stage(step) as span:
            outcome = await self._cpu.run(step, task, place=sheet.job.place, leases=leases)
            sheet.account.waited([outcome])
            span.note(queue_wait_s=outcome.waited_s)
            return outcome.unwrap()

    async def on_model(
        self,
        step: str,
        sheet: Sheet,
        work: Sequence[tuple[ModelBucket, Task[R]]],
        leases: Sequence[Hold],
    ) -> list[Outcome[R]]:
        with stage(step, items=len(work)) as span:
            outcomes = await self._models.run_all(work, place=sheet.job.place, leases=leases)
            sheet.account.waited(outcomes)
            span.note(queue_wait_s=max((each.waited_s for each in outcomes), default=0.0))
            return outcomes
