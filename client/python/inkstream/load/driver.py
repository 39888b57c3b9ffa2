"""Drives a run: waits until a request is due, sends it, keeps what came of it. Decides nothing."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

import grpc

from inkstream.aio import AsyncClient
from inkstream.load.arrivals import due_times
from inkstream.load.calls import ask
from inkstream.load.course import Course, Phase
from inkstream.load.mix import Draw, draws
from inkstream.load.outcome import Outcome
from inkstream.load.plan import ClosedLoop, LoadPlan, OpenLoop
from inkstream.load.run import Progress, Run

_NOBODY_ANSWERS: Final = grpc.StatusCode.UNAVAILABLE.name
_PAUSE_S: Final = 0.1  # of a closed loop's caller where nobody answers; else it would only spin


class LoadDriver:
    """One run of a plan. To be made and used inside a running loop, once."""

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._draws = draws(plan.sources, plan.seed)
        self._clients: Iterator[AsyncClient] = iter(())
        self._started_at_s = time.monotonic()
        self.progress = Progress(Course(plan.warm_up, plan.measured))

    def now_s(self) -> float:
        """Since the run's start."""
        return time.monotonic() - self._started_at_s

    async def run(self, stop: asyncio.Event) -> Run:
        """Ends when the plan is carried out and every request answered, or at once by `stop`."""
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(_client(self._plan))
                for _ in range(self._plan.connection_count)
            ]
            self._clients = itertools.cycle(clients)
            cpu_s, self._started_at_s = time.process_time(), time.monotonic()
            was_interrupted, abandoned_count = await self._drive(stop)
            length_s = self.now_s()
            return Run(
                self.progress,
                length_s,
                time.process_time() - cpu_s,
                was_interrupted,
                abandoned_count,
            )

    async def _drive(self, stop: asyncio.Event) -> tuple[bool, int]:
        """Whether it was stopped, and how many requests were in flight then."""
        pace = self._plan.pace
        loop = self._closed(pace) if isinstance(pace, ClosedLoop) else self._open(pace)
        driving = asyncio.create_task(loop)
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((driving, stopping), return_when=asyncio.FIRST_COMPLETED)
            if driving.done():
                driving.result()
                return False, 0
            return True, self.progress.in_flight_count
        finally:
            await _end(driving, stopping)

    async def _closed(self, pace: ClosedLoop) -> None:
        async with asyncio.TaskGroup() as callers:
            for _ in range(pace.concurrency):
                callers.create_task(self._call_again_and_again())

    async def _call_again_and_again(self) -> None:
        while (phase := self.progress.course.place(now_s := self.now_s())) is not Phase.OVER:
            outcome = await self._send(phase, next(self._draws), now_s)
            if outcome.answer.reason == _NOBODY_ANSWERS:
                await asyncio.sleep(_PAUSE_S)

    async def _open(self, pace: OpenLoop) -> None:
        room = asyncio.Semaphore(pace.max_in_flight)
        arrivals = due_times(pace.arrivals, pace.rate_per_s, self._plan.seed)
        async with asyncio.TaskGroup() as requests:
            for due_at_s in arrivals:
                phase = self.progress.course.place(due_at_s)
                if phase is Phase.OVER:
                    return
                await asyncio.sleep(max(due_at_s - self.now_s(), 0.0))
                if not await self._find_room(room):
                    self.progress.unsent_count = 1 + self._count_due(arrivals)
                    return
                sending = requests.create_task(self._send(phase, next(self._draws), due_at_s))
                sending.add_done_callback(lambda _: room.release())

    async def _find_room(self, room: asyncio.Semaphore) -> bool:
        """Waits for it until the measured phase ends."""
        if not room.locked():
            return await room.acquire()
        ends_at_s = self.progress.course.ends_at_s
        try:
            async with asyncio.timeout(None if ends_at_s is None else ends_at_s - self.now_s()):
                await room.acquire()
        except TimeoutError:
            return False
        self.progress.held_back_count += 1
        return True

    def _count_due(self, arrivals: Iterator[float]) -> int:
        """How many more would have been due before the end."""
        phases = (self.progress.course.place(due_at_s) for due_at_s in arrivals)
        return sum(1 for _ in itertools.takewhile(lambda phase: phase is not Phase.OVER, phases))

    async def _send(self, phase: Phase, draw: Draw, due_at_s: float) -> Outcome:
        sent_at_s = self.now_s()
        self.progress.begin()
        try:
            answer = await ask(next(self._clients), draw.file, self._plan.calls, self.now_s)
        finally:
            self.progress.in_flight_count -= 1
        outcome = Outcome(
            phase=phase,
            source=draw.source,
            file=draw.file.name,
            is_document=draw.file.is_document,
            due_at_s=due_at_s,
            sent_at_s=sent_at_s,
            ended_at_s=self.now_s(),
            answer=answer,
        )
        self.progress.end(outcome)
        return outcome


async def _end(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _client(plan: LoadPlan) -> AsyncClient:
    return AsyncClient(
        plan.target,
        tls=plan.access.tls,
        token=plan.access.token,
        allow_plaintext_token=plan.access.allow_plaintext_token,
        attempt_count=1,  # retries would hide what is to be measured, and so would going on
        resume_s=0.0,
    )
