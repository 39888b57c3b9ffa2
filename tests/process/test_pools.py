"""Pools of real workers: what dies with a worker, what is done again, and what leaks (nothing)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.pictures import pdf, picture, png
from tests.process.roles import Clasp, Die, Hang, HopelessSpec, OrdealSpec, Say, launch
from tests.process.scenarios import children_of, run_scenario, until
from tests.reading_room import (
    BOOK,
    SOMEWHERE,
    ReadingRoom,
    Rules,
    models_to_load,
    reading,
    reading_room,
    serving,
    shared_memory,
)

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.errors import OcrError
from inkstream_server.pipeline.dispatcher import Dispatcher, Outcome, Queueing
from inkstream_server.pipeline.intake import DocumentJob
from inkstream_server.pipeline.page import Pools
from inkstream_server.pipeline.results import Page
from inkstream_server.pipeline.settings import PageWishes
from inkstream_server.scheduling.batcher import Load
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.pool_metrics import PoolMetrics
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.role import Launch, RoleSpec
from inkstream_server.workers.role_specs import CpuRoleSpec, ModelRoleSpec
from inkstream_server.workers.slot import WorkerSlot
from inkstream_server.workers.task import Task

EIGHT = BatchPolicy(max_count=8)


def dispatcher(
    slots: Sequence[WorkerSlot],
    *,
    policy: BatchPolicy = EIGHT,
    limit_s: float = 20.0,
    metrics: Metrics | None = None,
) -> Dispatcher:
    return Dispatcher(
        slots,
        Queueing(lambda key: policy, lambda key: Load()),
        batch_limit_s=limit_s,
        metrics=PoolMetrics(metrics or Metrics(), "test"),
    )


@asynccontextmanager
async def ordeals(
    count: int, *, limit_s: float = 20.0, metrics: Metrics | None = None
) -> AsyncIterator[Dispatcher]:
    metrics = metrics or Metrics()
    launches = [launch(OrdealSpec(), f"worker {n}") for n in range(count)]
    slots = [
        WorkerSlot(replace(each, heartbeat_timeout_s=1.5), PoolMetrics(metrics, "test").note_loss)
        for each in launches
    ]
    pool = dispatcher(slots, limit_s=limit_s, metrics=metrics)
    async with warm(pool), serving(pool):
        yield pool


@asynccontextmanager
async def warm(pool: Dispatcher) -> AsyncIterator[None]:
    try:
        await pool.start()
        yield
    finally:
        await pool.stop()


async def ask(pool: Dispatcher, *tasks: Task[str]) -> list[str]:
    """Each task's answer, or the reason of its error."""
    outcomes: list[Outcome[str]] = await pool.run_all(
        [("any", task) for task in tasks], place=SOMEWHERE
    )
    return [
        each.result.reason if isinstance(each.result, OcrError) else each.result
        for each in outcomes
    ]


def kill(pool: Dispatcher) -> None:
    for pid in pool.pids.values():
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def test_what_waits_for_killed_workers_is_answered_by_their_successors() -> None:
    async def scenario() -> None:
        async with ordeals(2) as pool:
            for word in ("one", "two", "three"):
                kill(pool)
                assert await ask(pool, Say(word)) == [word.upper()]

    run_scenario(scenario())


def test_no_number_of_workers_killed_while_idle_is_held_against_a_request() -> None:
    async def scenario() -> None:
        async with ordeals(4) as pool:
            kill(pool)
            await until(lambda: set(pool.pids.values()) == {None})

            assert await ask(pool, Say("a")) == ["A"]

    run_scenario(scenario())


def test_a_batch_whose_worker_is_killed_in_the_middle_is_done_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ordeals(1) as pool:
            asked = asyncio.create_task(ask(pool, Say("a"), Hang(tmp_path / "begun"), Say("b")))
            await until((tmp_path / "begun").exists)
            kill(pool)

            assert await asked == ["A", "done at last", "B"]

    run_scenario(scenario())


def test_the_batch_of_a_worker_that_stands_still_is_answered_by_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ordeals(2) as pool:
            asked = asyncio.create_task(ask(pool, Say("a"), Hang(tmp_path / "begun"), Say("b")))
            await until((tmp_path / "begun").exists)
            for pid in pool.pids.values():
                assert pid is not None
                os.kill(pid, signal.SIGSTOP)

            assert await asked == ["A", "done at last", "B"]

    run_scenario(scenario())


def test_a_batch_that_stops_python_is_run_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ordeals(1) as pool:
            assert await ask(pool, Say("a"), Clasp(tmp_path / "begun")) == ["A", "done at last"]

    run_scenario(scenario())


def test_a_worker_that_is_lost_is_told_of_once_in_the_log_and_in_the_metrics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        metrics = Metrics()
        async with ordeals(1, metrics=metrics) as pool:
            asked = asyncio.create_task(ask(pool, Hang(tmp_path / "begun")))
            await until((tmp_path / "begun").exists)
            kill(pool)
            await asked

        labels = {"pool": "test", "cause": "killed"}
        sample = metrics.registry.get_sample_value
        assert sample("inkstream_worker_restarts_total", labels) == 1
        assert caplog.text.count("was killed by SIGKILL") == 1

    run_scenario(scenario())


@pytest.mark.parametrize("worker_count", [1, 2])
def test_an_item_that_kills_its_worker_is_refused_alone(worker_count: int) -> None:
    async def scenario() -> None:
        async with ordeals(worker_count) as pool:
            answers = await ask(pool, Say("a"), Die(), Say("b"), Say("c"))
            assert answers == ["A", "WORKER_CRASHED", "B", "C"]

            assert await ask(pool, Say("still well")) == ["STILL WELL"]

    run_scenario(scenario())


def test_a_worker_that_has_grown_too_large_is_replaced_and_nothing_is_lost() -> None:
    async def scenario() -> None:
        launches = [launch(OrdealSpec(), f"worker {number}") for number in range(2)]
        pool = dispatcher([WorkerSlot(replace(each, memory_limit_bytes=1)) for each in launches])
        async with warm(pool), serving(pool):
            before = pool.pids

            answers = await asyncio.gather(*(ask(pool, Say(word)) for word in "abcdefgh"))
            await until(lambda: pool.pids != before and pool.has_workers)

            assert answers == [[word] for word in "ABCDEFGH"]
            assert await ask(pool, Say("still well")) == ["STILL WELL"]

    run_scenario(scenario())


def test_an_item_that_hangs_is_given_up_and_its_worker_replaced() -> None:
    async def scenario() -> None:
        async with ordeals(1, limit_s=0.5) as pool:
            before = pool.pids
            assert await ask(pool, Hang()) == ["PAGE_TIMEOUT"]

            assert await ask(pool, Say("back")) == ["BACK"]
            assert before != pool.pids

    run_scenario(scenario())


def test_an_item_that_hangs_costs_its_neighbours_nothing() -> None:
    async def scenario() -> None:
        async with ordeals(2, limit_s=0.5) as pool:
            assert await ask(pool, Say("a"), Hang(), Say("b")) == ["A", "PAGE_TIMEOUT", "B"]

    run_scenario(scenario())


def test_a_pool_of_which_one_worker_cannot_start_leaves_no_process() -> None:
    async def scenario() -> None:
        pool = dispatcher(
            [
                WorkerSlot(launch(OrdealSpec(), "well")),
                WorkerSlot(launch(HopelessSpec("operator"), "ill")),
            ]
        )
        with pytest.raises(ExceptionGroup):
            async with warm(pool):
                pass

        assert children_of(os.getpid()) == []

    run_scenario(scenario())


@asynccontextmanager
async def real_room(
    engine: FakeEngine, limits: DocumentLimits | None = None, *, worker_count: int = 2
) -> AsyncIterator[tuple[ReadingRoom, Pools]]:
    """The whole pipeline, on so many CPU workers and model workers."""
    limits = limits or DocumentLimits()
    async with AsyncExitStack() as stack:
        memory = await stack.enter_async_context(shared_memory())
        metrics = Metrics()
        pools = Pools(
            dispatcher(
                slots("cpu", CpuRoleSpec(limits), memory, worker_count),
                policy=BatchPolicy(max_count=1),
                limit_s=limits.max_page_s,
                metrics=metrics,
            ),
            dispatcher(slots("model", ModelRoleSpec(models_to_load(engine)), memory, worker_count)),
        )
        await stack.enter_async_context(warm(pools.cpu))
        await stack.enter_async_context(warm(pools.models))
        room = await stack.enter_async_context(reading_room(memory, pools, metrics, Rules(limits)))
        yield room, pools


def slots(name: str, spec: RoleSpec, memory: SharedMemory, count: int) -> list[WorkerSlot]:
    return [WorkerSlot(Launch(f"{name} {n}", spec, memory.addresses)) for n in range(count)]


def job(content: bytes) -> DocumentJob:
    return DocumentJob(content, BOOK.fill_in(PageWishes()), Priority.INTERACTIVE)


async def read_all(room: ReadingRoom, content: bytes) -> list[tuple[object, ...]]:
    return [
        reading(event)
        async for event in room.reader.read_document(job(content))
        if isinstance(event, Page)
    ]


def test_a_document_reads_the_same_while_every_worker_is_killed_in_turn() -> None:
    content = pdf(*(f"page {number}" for number in range(16)))

    async def scenario() -> None:
        async with real_room(FakeEngine(delay_s=0.05)) as (room, pools):
            expected = await read_all(room, content)
            assert len(expected) == 16 and all(lines for *_, lines, _ in expected)

            again = asyncio.create_task(read_all(room, content))
            for pool, number in ((pools.models, 0), (pools.cpu, 0), (pools.models, 1)):
                await asyncio.sleep(0.2)
                pid = list(pool.pids.values())[number]
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)

            assert await again == expected
            assert room.taken_bytes == 0

    run_scenario(scenario())


def test_idle_workers_that_are_all_killed_cost_a_request_nothing() -> None:
    image = png(picture("one line", "another"))

    async def scenario() -> None:
        async with real_room(FakeEngine(), worker_count=1) as (room, pools):
            expected = reading(await room.read(job(image)))
            kill(pools.cpu)
            kill(pools.models)

            assert reading(await room.read(job(image))) == expected
            assert room.taken_bytes == 0

    run_scenario(scenario())


def test_a_page_whose_cpu_worker_stands_still_times_out_and_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        limits = DocumentLimits(max_page_s=1.5)
        async with real_room(FakeEngine(), limits, worker_count=1) as (room, pools):
            for pid in pools.cpu.pids.values():
                assert pid is not None
                os.kill(pid, signal.SIGSTOP)

            with pytest.raises(OcrError) as failed:
                await room.read(job(png(picture("text"))))

            assert failed.value.reason == "PAGE_TIMEOUT"
            assert (await room.read(job(png(picture("text"))))).lines
            assert room.taken_bytes == 0

    run_scenario(scenario())


def test_a_caller_who_goes_while_workers_die_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        async with real_room(FakeEngine(delay_s=0.05)) as (room, pools):
            calls = [asyncio.create_task(read_all(room, pdf("a", "b", "c", "d"))) for _ in range(6)]
            await asyncio.sleep(0.15)
            kill(pools.models)
            for call in calls[::2]:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

            assert len({tuple(call.result()) for call in calls[1::2]}) == 1

    run_scenario(scenario())
