"""Workers without processes: slots whose roles run where the test runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import cast

from tests.reading_room import ReadingRoom, Rules, models_to_load, reading_room, shared_memory

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.errors import OcrError
from inkstream_server.pipeline.dispatcher import Dispatcher, Queueing
from inkstream_server.pipeline.page import Pools
from inkstream_server.pipeline.upload import UploadConfig
from inkstream_server.scheduling.batcher import Load
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.pool_metrics import PoolMetrics
from inkstream_server.workers.channel import Finished
from inkstream_server.workers.cpu_role import CpuRole
from inkstream_server.workers.loss import Cause, WorkerLost
from inkstream_server.workers.model_role import ModelRole
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.slot import WorkerSlot

Answer = Callable[[object, tuple[object, ...]], Sequence[object]]


class InProcessSlot:
    """Answers batches by a function: a role's, or a test's own, which may raise as slots do.

    A batch for which `holds` is true waits until `go` is set; one for which `spoils` is true is
    answered with nonsense, one for which `dies` is true ends the worker, before it is done or, for
    which `dies_after` is true, once it is.
    """

    def __init__(self, answer: Answer, name: str = "worker") -> None:
        self.name = name
        self.pid = 4711
        self.ready = asyncio.Event()
        self.ready.set()
        self.go = asyncio.Event()
        self.holds: Callable[[tuple[object, ...]], bool] = lambda items: False
        self.spoils: Callable[[tuple[object, ...]], bool] = lambda items: False
        self.dies: Callable[[tuple[object, ...]], bool] = lambda items: False
        self.dies_after: Callable[[tuple[object, ...]], bool] = lambda items: False
        self.batches: list[tuple[object, ...]] = []
        self.told: list[object] = []
        self.events: list[str] = []
        self._answer = answer

    async def start(self) -> tuple[LoadedModel, ...]:
        self.events.append("started")
        return ()

    async def stop(self) -> None:
        self.events.append("stopped")

    async def wait_ready(self) -> None:
        await self.ready.wait()

    async def run(self, key: object, items: tuple[object, ...], *, limit_s: float) -> Finished:
        self.batches.append(items)
        if self.holds(items):
            await self.go.wait()
        await asyncio.sleep(0)
        if self.dies(items):
            raise WorkerLost(f"{self.name} died", Cause.CRASHED)
        if self.spoils(items):
            return Finished(("nonsense",) * len(items), busy_s=0.25)
        try:
            answers = tuple(self._answer(key, items))
        except OcrError as error:
            answers = (error,) * len(items)
        if self.dies_after(items):
            raise WorkerLost(f"{self.name} died, its work done", Cause.CRASHED)
        return Finished(answers, busy_s=0.25)

    @property
    def is_ready(self) -> bool:
        return True

    def is_over(self, memory_bytes: int) -> bool:
        return False

    async def retire(self) -> None:
        raise AssertionError("no slot of this kind is ever over")

    def tell(self, item: object) -> None:
        self.told.append(item)


def dispatcher(
    *slots: InProcessSlot, policy: BatchPolicy | None = None, metrics: Metrics | None = None
) -> Dispatcher:
    chosen = policy or BatchPolicy(max_count=8)
    return Dispatcher(
        cast("list[WorkerSlot]", list(slots)),  # all of a slot that a dispatcher uses
        Queueing(lambda key: chosen, lambda key: Load()),
        batch_limit_s=5.0,
        metrics=PoolMetrics(metrics or Metrics(), "test"),
    )


@dataclass(frozen=True)
class InProcessRoom(ReadingRoom):
    cpu_slots: tuple[InProcessSlot, ...]
    model_slots: tuple[InProcessSlot, ...]


@asynccontextmanager
async def in_process_room(
    *,
    limits: DocumentLimits | None = None,
    max_documents: int = 100,
    window_page_count: int = 4,
    documents_bytes: int = 8 << 20,
    pages_bytes: int = 256 << 20,
    uploads: UploadConfig | None = None,
) -> AsyncIterator[InProcessRoom]:
    """A pipeline of real roles with the fake engine, without a process of its own."""
    limits = limits or DocumentLimits()
    async with shared_memory(documents_bytes, pages_bytes) as memory:
        metrics = Metrics()
        cpu = tuple(InProcessSlot(CpuRole(memory, limits).run, f"cpu {n}") for n in range(2))
        roles = [ModelRole(memory, models_to_load()) for _ in range(2)]
        models = tuple(InProcessSlot(role.run, f"model {n}") for n, role in enumerate(roles))
        pools = Pools(
            dispatcher(*cpu, policy=BatchPolicy(max_count=1), metrics=metrics),
            dispatcher(*models, metrics=metrics),
        )
        rules = Rules(limits, max_documents, window_page_count, uploads or UploadConfig())
        async with reading_room(memory, pools, metrics, rules) as room:
            parts = {each.name: getattr(room, each.name) for each in fields(room)}
            yield InProcessRoom(**parts, cpu_slots=cpu, model_slots=models)
