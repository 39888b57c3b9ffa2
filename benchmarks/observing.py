"""Watches a running server from outside - its processes' time, its metrics - while it is loaded."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
import urllib.request
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from prometheus_client.parser import text_string_to_metric_families

from inkstream import AsyncClient
from served import RunningServer

T = TypeVar("T")

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that cores computed: for a server's front, its workers, and for everybody."""

    front_s: float
    workers_s: float
    machine_s: float
    at_s: float

    @classmethod
    def now(cls, server: RunningServer) -> Times:
        root = server.process.pid
        workers_s = sum(map(_process_s, _children(root)))
        return cls(_process_s(root), workers_s, _machine_s(), time.monotonic())


@dataclass(frozen=True, slots=True)
class Spent:
    """What was computed between two looks; `others_s` is by everybody but the server."""

    elapsed_s: float
    front_s: float
    workers_s: float
    others_s: float

    @classmethod
    def between(cls, before: Times, after: Times) -> Spent:
        front_s = after.front_s - before.front_s
        workers_s = after.workers_s - before.workers_s
        others_s = max(0.0, after.machine_s - before.machine_s - front_s - workers_s)
        return cls(after.at_s - before.at_s, front_s, workers_s, others_s)


@dataclass(frozen=True, slots=True)
class Busy:
    """What one step's batches took its workers."""

    batches: float
    items: float
    busy_s: float


def busy_by_step(server: RunningServer) -> dict[str, Busy]:
    """Since the server's start, from its metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.http_port}/metrics") as answer:
        text = answer.read().decode()
    sums: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("inkstream_batch_"):
                sums[sample.labels["step"]][sample.name.removeprefix("inkstream_batch_")] = (
                    sample.value
                )
    return {
        step: Busy(each["busy_seconds_count"], each["items_sum"], each["busy_seconds_sum"])
        for step, each in sums.items()
    }


def busy_since(before: dict[str, Busy], after: dict[str, Busy]) -> dict[str, Busy]:
    nothing = Busy(0.0, 0.0, 0.0)
    return {
        step: Busy(
            each.batches - before.get(step, nothing).batches,
            each.items - before.get(step, nothing).items,
            each.busy_s - before.get(step, nothing).busy_s,
        )
        for step, each in after.items()
    }


@dataclass(slots=True)
class Done:
    """Calls that ended while it was counted."""

    calls: int = 0
    pages: int = 0
    lines: int = 0
    elapsed_s: float = 0.0

    @property
    def pages_per_s(self) -> float:
        return self.pages / self.elapsed_s


Read = Callable[[AsyncClient, bytes], Awaitable[tuple[int, int]]]
"""Reads a document; the numbers of its pages and of its lines."""


@dataclass(frozen=True, slots=True)
class Callers:
    """So many of them read these documents in turn, each its next one as soon as it has one."""

    count: int
    contents: Sequence[bytes]
    read: Read


async def read_picture(client: AsyncClient, content: bytes) -> tuple[int, int]:
    page = await client.recognize(content)
    return 1, len(page.lines)


async def read_document(client: AsyncClient, content: bytes) -> tuple[int, int]:
    async with client.recognize_document(content) as pages:
        counts = [len(page.lines) async for page in pages]
    return len(counts), sum(counts)


def load(server: RunningServer, *callers: Callers, seconds: float) -> Done:
    """Let them call for a while; what ended in it."""
    return asyncio.run(_load(server.target, callers, seconds))


async def _load(target: str, groups: Sequence[Callers], seconds: float) -> Done:
    done = Done(elapsed_s=seconds)
    end_at = time.monotonic() + seconds

    async def call_again_and_again(
        client: AsyncClient, read: Read, waiting: Iterator[bytes]
    ) -> None:
        while time.monotonic() < end_at:
            pages, lines = await read(client, next(waiting))
            if time.monotonic() < end_at:
                done.calls += 1
                done.pages += pages
                done.lines += lines

    async with AsyncClient(target) as client, asyncio.TaskGroup() as calling:
        for group in groups:
            waiting = itertools.cycle(group.contents)
            for _ in range(group.count):
                calling.create_task(call_again_and_again(client, group.read, waiting))
    return done


@dataclass(frozen=True, slots=True)
class Observed(Generic[T]):
    """Some work for a server: what came of it, what was computed, and what each step took."""

    done: T
    spent: Spent
    busy: dict[str, Busy]


def observe(server: RunningServer, work: Callable[[], T]) -> Observed[T]:
    times, busy = Times.now(server), busy_by_step(server)
    done = work()
    spent = Spent.between(times, Times.now(server))
    return Observed(done, spent, busy_since(busy, busy_by_step(server)))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    return [
        int(child)
        for task in tasks.iterdir()
        for child in (task / "children").read_text(encoding="ascii").split()
    ]


def _process_s(pid: int) -> float:
    # The name, which may hold anything, ends with the last bracket.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _machine_s() -> float:
    with Path("/proc/stat").open(encoding="ascii") as file:
        user, nice, system, _, _, irq, soft_irq, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + soft_irq) / TICKS_A_SECOND
