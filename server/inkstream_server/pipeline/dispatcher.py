"""Carries batches from a batcher to a pool of workers, and outcomes back to who waits for them.

What goes into a batch is the batcher's decision; a worker that is idle pulls the next one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from inkstream_server.errors import OcrError, PageTimeout, WorkerCrashed
from inkstream_server.pipeline.blame import Blame, Verdict
from inkstream_server.scheduling.batcher import Batcher, Load, Ticket
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.shares import DEFAULT_BATCH_SHARE
from inkstream_server.telemetry.pool_metrics import BatchSize, PoolMetrics
from inkstream_server.workers.channel import Finished
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.loss import Cause, WorkerLost
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.slot import WorkerAway, WorkerSlot
from inkstream_server.workers.task import Task

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


def _alone(key: object, items: Sequence[object]) -> BatchSize:
    """That of items that nothing is padded for, and that nobody could have joined."""
    del key
    return BatchSize(len(items), len(items))


@dataclass(frozen=True, slots=True)
class Queueing:
    """How a pool's items wait: by a bucket's key, its limits and what each item takes up."""

    policy_of: Callable[[Any], BatchPolicy]
    load_of: Callable[[Any], Load]
    # What work of priority BATCH keeps while interactive work waits.
    batch_share: float = DEFAULT_BATCH_SHARE
    # How large a batch is told to be.
    size_of: Callable[[Any, Sequence[object]], BatchSize] = _alone


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
    blame: Blame = field(default_factory=Blame)

    def wanted(self) -> _Run:
        """The part of it that somebody still waits for."""
        kept = [at for at, job in enumerate(self.jobs) if not job.settled.done()]
        jobs = tuple(self.jobs[at] for at in kept)
        return _Run(self.key, jobs, tuple(self.waited_s[at] for at in kept), self.blame)

    def halves(self) -> list[_Run]:
        middle = len(self.jobs) // 2
        return [
            _Run(self.key, self.jobs[part], self.waited_s[part], self.blame.of_half())
            for part in (slice(None, middle), slice(middle, None))
        ]


class Dispatcher:
    """One pool of equal workers and the queue that they pull from."""

    def __init__(
        self,
        slots: Sequence[WorkerSlot],
        queueing: Queueing,
        *,
        batch_limit_s: float,
        metrics: PoolMetrics,
    ) -> None:
        self._slots = tuple(slots)
        self._load_of = queueing.load_of
        self._size_of = queueing.size_of
        self._batcher: Batcher[Any, _Job] = Batcher(
            queueing.policy_of, batch_share=queueing.batch_share
        )
        self._batch_limit_s = batch_limit_s
        self._metrics = metrics
        self._suspects: deque[_Run] = deque()
        self._arrived = asyncio.Event()
        metrics.watch_pool(len(slots), self._ready_count, lambda: len(self._batcher))

    async def start(self) -> tuple[LoadedModel, ...]:
        """Start every worker; the models that they have, once for each device that has them.

        Raises an exception group of WorkerStartFailed.
        """
        async with asyncio.TaskGroup() as starting:
            starts = [starting.create_task(slot.start()) for slot in self._slots]
        return tuple(dict.fromkeys(model for start in starts for model in start.result()))

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

    def _ready_count(self) -> int:
        return sum(slot.is_ready for slot in self._slots)

    @property
    def slots(self) -> tuple[WorkerSlot, ...]:
        """The places for its workers."""
        return self._slots

    @property
    def pids(self) -> dict[str, int | None]:
        """The process in each slot, by the slot's name."""
        return {slot.name: slot.pid for slot in self._slots}

    async def run(
        self, key: Hashable, task: Task[R], *, place: Place, leases: Sequence[Hold] = ()
    ) -> Outcome[R]:
        """Run one task, together with whatever else waits; see `run_all`."""
        (outcome,) = await self.run_all([(key, task)], place=place, leases=leases)
        return outcome

    async def run_all(
        self,
        work: Sequence[tuple[Hashable, Task[R]]],
        *,
        place: Place,
        leases: Sequence[Hold] = (),
    ) -> list[Outcome[R]]:
        """Run each task in the bucket of its key; outcomes in order.

        A cancelled caller's items leave the queue; those that run already run to their end, and
        `leases` are held until then.
        """
        tickets = [self._add(key, task, place, leases) for key, task in work]
        self._arrived.set()
        try:
            outcomes: list[Outcome[R]] = await asyncio.gather(
                *(ticket.item.settled for ticket in tickets)
            )
            return outcomes
        finally:
            for ticket in tickets:
                if self._batcher.remove(ticket):
                    self._metrics.note_dropped(ticket.key)

    def tell_all(self, item: object) -> None:
        """Let every worker know something."""
        for slot in self._slots:
            slot.tell(item)

    def _add(
        self, key: Hashable, task: Task[Any], place: Place, leases: Sequence[Hold]
    ) -> Ticket[Any, _Job]:
        job = _Job(task, leases, asyncio.get_running_loop().create_future())
        load = self._load_of(key)
        return self._batcher.add(key, job, place=place, load=load, now=time.monotonic())

    async def _serve(self, slot: WorkerSlot) -> None:
        last: object = None
        while True:
            await slot.wait_ready()
            run = await self._next_run(last)
            last = run.key
            with ExitStack() as held:
                for lease in {id(each): each for job in run.jobs for each in job.leases}.values():
                    held.enter_context(lease.hold())
                await self._run_on(slot, run)

    async def _next_run(self, last: object) -> _Run:
        while True:
            while (run := self._take(last)) is not None:
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

    def _take(self, last: object) -> _Run | None:
        """What to run next, but for jobs whose caller, and so whose memory, may be gone."""
        if self._suspects:
            return self._suspects.popleft().wanted()
        batch = self._batcher.take(now=time.monotonic(), last=last)
        if batch is None:
            return None
        return _Run(batch.key, batch.items, batch.waited_s).wanted()

    async def _run_on(self, slot: WorkerSlot, run: _Run) -> None:
        items = tuple(job.item for job in run.jobs)
        try:
            with self._metrics.running():
                finished = await slot.run(run.key, items, limit_s=self._batch_limit_s)
        except WorkerAway:
            self._retry([run])
        except WorkerLost as loss:
            self._blame(run, loss.cause)
        else:
            size = self._size_of(run.key, items)
            self._metrics.observe(run.key, size, run.waited_s, finished.busy_s)
            self._settle(run, finished)
            await self._keep_small(slot, finished.memory_bytes)

    async def _keep_small(self, slot: WorkerSlot, memory_bytes: int) -> None:
        """Replace a worker that has grown too large, but never two at a time."""
        others = [each for each in self._slots if each is not slot]
        if slot.is_over(memory_bytes) and all(each.is_ready for each in others):
            await slot.retire()

    def _blame(self, run: _Run, cause: Cause) -> None:
        """After a loss: try again, then in halves, until only the guilty item is left."""
        self._metrics.lost_batches.inc()
        run.blame = run.blame.after(cause)
        match run.blame.verdict(len(run.jobs)):
            case Verdict.AGAIN:
                self._retry([run])
            case Verdict.HALVE:
                self._retry(run.halves())
            case Verdict.REFUSE:
                _finish(run.jobs[0], Outcome(self._refusal(cause), run.waited_s[0], 1))

    def _refusal(self, cause: Cause) -> OcrError:
        if cause is Cause.OVERDUE:
            return PageTimeout(f"one step took longer than {self._batch_limit_s:g} s")
        return WorkerCrashed("the input ends or stops the process that reads it")

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
