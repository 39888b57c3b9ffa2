"""Carries batches from a batcher to a pool of workers, and outcomes back to who waits for them.

What goes into a batch is the batcher's decision; a worker that is idle pulls the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from inkstream_server.errors import OcrError, PageTimeout, WorkerCrashed
from inkstream_server.scheduling.batcher import Batcher, Ticket
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.telemetry.metrics import PoolMetrics
from inkstream_server.workers.channel import Finished
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.slot import WorkerAway, WorkerHung, WorkerSlot
from inkstream_server.workers.task import Task
from inkstream_server.workers.worker import WorkerDied

_log = logging.getLogger(__name__)

# One death may be chance - the kernel short of memory, an operator. Two with the same batch are
# not: it is halved until what kills workers is alone, and that is tried this often.
_DEATHS_OF_ONE_ITEM: Final = 3
_DEATHS_OF_A_BATCH: Final = 2


R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R_co]):
    """What became of one item, and what its batch was like."""

    result: R_co | OcrError
    waited_s: float
    batch_count: int

    def unwrap(self) -> R_co:
        """The result; raises the item's own error."""
        if isinstance(self.result, OcrError):
            raise self.result
        return self.result


@dataclass(slots=True, eq=False)
class _Job:
    """An item on its way. The blocks that a worker reads or writes stay held while it runs."""

    item: object
    leases: Sequence[Hold]
    settled: asyncio.Future[Outcome[Any]]


@dataclass(slots=True)
class _Run:
    """A batch as it is run, perhaps again after it took a worker with it."""

    key: object
    jobs: tuple[_Job, ...]
    waited_s: tuple[float, ...]
    death_count: int = 0

    def wanted(self) -> _Run:
        """The part of it that somebody still waits for."""
        kept = [at for at, job in enumerate(self.jobs) if not job.settled.done()]
        jobs = tuple(self.jobs[at] for at in kept)
        return _Run(self.key, jobs, tuple(self.waited_s[at] for at in kept), self.death_count)

    def halves(self) -> list[_Run]:
        middle = len(self.jobs) // 2
        return [
            _Run(self.key, self.jobs[part], self.waited_s[part], death_count=1)
            for part in (slice(None, middle), slice(middle, None))
        ]


class Dispatcher:
    """One pool of equal workers and the queue that they pull from."""

    def __init__(
        self,
        slots: Sequence[WorkerSlot],
        policy_of: Callable[[Any], BatchPolicy],
        *,
        batch_limit_s: float,
        metrics: PoolMetrics,
    ) -> None:
        self._slots = tuple(slots)
        self._batcher: Batcher[Any, _Job] = Batcher(policy_of)
        self._batch_limit_s = batch_limit_s
        self._metrics = metrics
        self._suspects: deque[_Run] = deque()
        self._arrived = asyncio.Event()

    async def start(self) -> tuple[LoadedModel, ...]:
        """Start every worker; the models that each of them has.

        Raises an exception group of WorkerStartFailed.
        """
        async with asyncio.TaskGroup() as starting:
            starts = [starting.create_task(slot.start()) for slot in self._slots]
        return starts[0].result()

    async def serve(self) -> None:
        """Run batches until cancelled. It ends by itself only by a bug, which it raises."""
        async with asyncio.TaskGroup() as loops:
            for slot in self._slots:
                loops.create_task(self._serve(slot), name=f"serve {slot.name}")

    async def stop(self) -> None:
        """End the workers."""
        await asyncio.gather(*(slot.stop() for slot in self._slots))

    @property
    def has_workers(self) -> bool:
        """Whether one worker at least is warm."""
        return any(slot.is_ready for slot in self._slots)

    @property
    def pids(self) -> dict[str, int | None]:
        """The process in each slot, by the slot's name."""
        return {slot.name: slot.pid for slot in self._slots}

    async def run(
        self, key: Hashable, task: Task[R], *, rank: float, leases: Sequence[Hold] = ()
    ) -> Outcome[R]:
        """Run one task, with cost 0."""
        (outcome,) = await self.run_all([(key, task, 0)], rank=rank, leases=leases)
        return outcome

    async def run_all(
        self,
        work: Sequence[tuple[Hashable, Task[R], int]],
        *,
        rank: float,
        leases: Sequence[Hold] = (),
    ) -> list[Outcome[R]]:
        """Run (key, task, cost) each, together with whatever else waits; outcomes in order.

        A cancelled caller's items leave the queue; those that run already run to their end, and
        `leases` are held until then.
        """
        tickets = [self._add(each, rank, leases) for each in work]
        self._arrived.set()
        try:
            outcomes: list[Outcome[R]] = await asyncio.gather(
                *(ticket.item.settled for ticket in tickets)
            )
            return outcomes
        finally:
            for ticket in tickets:
                if self._batcher.remove(ticket):
                    self._metrics.dropped.inc()

    def tell_all(self, item: object) -> None:
        """Let every worker know something."""
        for slot in self._slots:
            slot.tell(item)

    def _add(
        self, work: tuple[Hashable, Task[Any], int], rank: float, leases: Sequence[Hold]
    ) -> Ticket[Any, _Job]:
        key, item, cost = work
        job = _Job(item, leases, asyncio.get_running_loop().create_future())
        return self._batcher.add(key, job, cost=cost, rank=rank, now=time.monotonic())

    async def _serve(self, slot: WorkerSlot) -> None:
        while True:
            await slot.wait_ready()
            run = await self._next_run()
            with ExitStack() as held:
                for lease in {id(each): each for job in run.jobs for each in job.leases}.values():
                    held.enter_context(lease.hold())
                await self._run_on(slot, run)

    async def _next_run(self) -> _Run:
        while True:
            while (run := self._take()) is not None:
                if run.jobs:
                    return run
            self._arrived.clear()
            due_at = self._batcher.next_due_at()
            wait_s = None if due_at is None else max(0.0, due_at - time.monotonic())
            try:
                async with asyncio.timeout(wait_s):
                    await self._arrived.wait()
            except TimeoutError:
                continue

    def _take(self) -> _Run | None:
        """What to run next, but for jobs whose caller, and so whose memory, may be gone."""
        if self._suspects:
            return self._suspects.popleft().wanted()
        batch = self._batcher.take(now=time.monotonic())
        if batch is None:
            return None
        return _Run(batch.key, batch.items, batch.waited_s).wanted()

    async def _run_on(self, slot: WorkerSlot, run: _Run) -> None:
        items = tuple(job.item for job in run.jobs)
        try:
            finished = await slot.run(run.key, items, limit_s=self._batch_limit_s)
        except WorkerAway:
            self._retry([run])
        except WorkerHung as hang:
            _log.warning("%s", hang)
            self._blame(run, PageTimeout(f"one step took longer than {self._batch_limit_s:g} s"))
        except WorkerDied as death:
            _log.warning("%s", death)
            self._blame(run, WorkerCrashed("the input ends the process that reads it"))
        else:
            self._metrics.observe(run.key, len(items), run.waited_s, finished.busy_s)
            self._settle(run, finished)
            await self._keep_small(slot, finished.memory_bytes)

    async def _keep_small(self, slot: WorkerSlot, memory_bytes: int) -> None:
        """Replace a worker that has grown too large, but never two at a time."""
        others = [each for each in self._slots if each is not slot]
        if slot.is_over(memory_bytes) and all(each.is_ready for each in others):
            _log.info("%s has %d MiB and is replaced", slot.name, memory_bytes >> 20)
            await slot.retire()

    def _blame(self, run: _Run, error: OcrError) -> None:
        """After a death: try again, then in halves, until only the guilty item is left."""
        run.death_count += 1
        self._metrics.lost_batches.inc()
        count = len(run.jobs)
        allowed = _DEATHS_OF_ONE_ITEM if count == 1 else _DEATHS_OF_A_BATCH
        hung_alone = count == 1 and isinstance(error, PageTimeout)
        if run.death_count < allowed and not hung_alone:
            self._retry([run])
        elif count > 1:
            self._retry(run.halves())
        else:
            _finish(run.jobs[0], Outcome(error, run.waited_s[0], 1))

    def _retry(self, runs: list[_Run]) -> None:
        self._suspects.extend(runs)
        self._arrived.set()

    def _settle(self, run: _Run, finished: Finished) -> None:
        count = len(run.jobs)
        for job, result, waited_s in zip(run.jobs, finished.outcomes, run.waited_s, strict=True):
            _finish(job, Outcome(result, waited_s, count))


def _finish(job: _Job, outcome: Outcome[Any]) -> None:
    if not job.settled.done():  # a caller who went away has cancelled it
        job.settled.set_result(outcome)
