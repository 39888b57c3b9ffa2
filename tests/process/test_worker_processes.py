"""One worker and its slot: started, killed, hung, replaced, stopped."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.process.roles import (
    BarredSpec,
    Clasp,
    Die,
    Fail,
    Hang,
    HopelessSpec,
    OrdealSpec,
    Say,
    Take,
    TellPid,
    TellWhatWasTold,
    launch,
)
from tests.process.scenarios import children_of, is_alive, run_scenario, until

from inkstream_server.errors import ImageDamaged, InternalError, ModelMissing
from inkstream_server.workers.loss import Cause, WorkerLost
from inkstream_server.workers.role import RoleSpec
from inkstream_server.workers.slot import WorkerAway, WorkerSlot
from inkstream_server.workers.worker import Worker, WorkerStartFailed

LIMIT_S = 20.0
# Long enough for one that has to wait for a core, and short enough to be waited for.
SILENCE_S = 1.5


@asynccontextmanager
async def filled_slot(
    spec: RoleSpec | None = None, *, on_loss: Callable[[str], None] = lambda cause: None
) -> AsyncIterator[WorkerSlot]:
    quick = replace(launch(spec or OrdealSpec()), heartbeat_timeout_s=SILENCE_S)
    slot = WorkerSlot(quick, on_loss)
    await slot.start()
    try:
        yield slot
    finally:
        await slot.stop()


async def say(slot: WorkerSlot, text: str) -> object:
    await slot.wait_ready()
    return (await slot.run("any", (Say(text),), limit_s=LIMIT_S)).outcomes[0]


async def pid_of(slot: WorkerSlot) -> int:
    await slot.wait_ready()
    assert slot.pid is not None
    return slot.pid


def test_a_worker_is_a_process_that_answers_in_order() -> None:
    async def scenario() -> None:
        worker = await Worker.start(launch(OrdealSpec()))
        finished = await worker.run("any", (Say("a"), TellPid(), Say("b")))

        assert finished.outcomes == ("A", worker.pid, "B")
        assert worker.pid != os.getpid()
        assert finished.busy_s >= 0.0

        await worker.close()
        assert not is_alive(worker.pid)

    run_scenario(scenario())


def test_what_it_is_told_comes_before_what_it_is_asked_next() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            slot.tell("one")
            slot.tell("two")
            told = await slot.run("any", (TellWhatWasTold(),), limit_s=LIMIT_S)

        assert told.outcomes == (["one", "two"],)

    run_scenario(scenario())


@pytest.mark.parametrize(
    ("is_bug", "kind", "message"),
    [
        (False, ImageDamaged, "the picture is torn"),
        (True, InternalError, "ValueError: a bug"),
    ],
)
def test_what_a_role_raises_is_that_items_outcome_and_the_worker_lives_on(
    is_bug: bool, kind: type[Exception], message: str
) -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = slot.pid
            outcome, other = (
                await slot.run("any", (Fail(is_bug), Say("a")), limit_s=LIMIT_S)
            ).outcomes

            assert await say(slot, "still here") == "STILL HERE"
            assert slot.pid == pid
        assert isinstance(outcome, kind) and str(outcome) == message
        assert other == "A"

    run_scenario(scenario())


def test_a_worker_ignores_the_signals_that_end_a_server() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGINT)

            assert await say(slot, "still here") == "STILL HERE"
            assert slot.pid == pid

    run_scenario(scenario())


def test_a_cause_that_the_operator_can_mend_is_told_as_it_is() -> None:
    async def scenario() -> None:
        with pytest.raises(WorkerStartFailed) as failed:
            await WorkerSlot(launch(HopelessSpec("operator"))).start()

        assert str(failed.value) == "model x is not there; run: inkstream models pull x"
        assert isinstance(failed.value.__cause__, ModelMissing)

    run_scenario(scenario())


def test_a_bug_in_the_start_is_told_with_its_trace() -> None:
    async def scenario() -> None:
        with pytest.raises(WorkerStartFailed) as failed:
            await WorkerSlot(launch(HopelessSpec("bug"), "model worker 1")).start()

        assert "model worker 1 could not start" in str(failed.value)
        assert "ZeroDivisionError: what went wrong" in str(failed.value)

    run_scenario(scenario())


def test_a_death_in_the_start_is_told_with_its_signal() -> None:
    async def scenario() -> None:
        with pytest.raises(WorkerStartFailed, match=r"killed by SIGKILL while it started"):
            await WorkerSlot(launch(HopelessSpec("death"))).start()

    run_scenario(scenario())


def test_a_worker_that_is_never_ready_is_given_up() -> None:
    async def scenario() -> None:
        patience = replace(launch(HopelessSpec("patience")), start_limit_s=1.0)

        with pytest.raises(WorkerStartFailed, match=r"a worker was not ready after 1 s"):
            await WorkerSlot(patience).start()

    run_scenario(scenario())


def test_a_slot_that_was_never_filled_can_be_stopped() -> None:
    async def scenario() -> None:
        slot = WorkerSlot(launch(OrdealSpec()))
        slot.tell("nobody hears this")
        await slot.stop()

        assert slot.pid is None

    run_scenario(scenario())


def test_a_start_that_is_cancelled_leaves_no_process() -> None:
    async def scenario() -> None:
        starting = asyncio.create_task(Worker.start(launch(OrdealSpec())))
        await until(lambda: bool(children_of(os.getpid())))

        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

        assert children_of(os.getpid()) == []

    run_scenario(scenario())


def test_a_worker_that_was_killed_while_idle_is_back() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            os.kill(pid, signal.SIGKILL)
            await until(lambda: slot.pid not in (pid, None))

            assert await say(slot, "back") == "BACK"
            assert slot.is_ready

    run_scenario(scenario())


def test_a_worker_that_a_real_time_signal_killed_is_back_too() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            os.kill(pid, signal.SIGRTMIN + 1)  # it has a number and no name

            await until(lambda: slot.pid not in {pid, None})
            assert await say(slot, "back") == "BACK"

    run_scenario(scenario())


def test_a_worker_that_crashes_with_a_batch_says_so_and_is_back() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            with pytest.raises(WorkerLost, match="killed by SIGSEGV") as lost:
                await slot.run("any", (Die(),), limit_s=LIMIT_S)
            assert lost.value.cause is Cause.CRASHED

            assert await say(slot, "back") == "BACK"

    run_scenario(scenario())


def test_a_slot_that_is_empty_refuses_a_batch_at_once() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            os.kill(await pid_of(slot), signal.SIGKILL)
            await until(lambda: slot.pid is None)

            with pytest.raises(WorkerAway, match="is being replaced"):
                await slot.run("any", (Say("a"),), limit_s=LIMIT_S)

    run_scenario(scenario())


def test_a_worker_that_hangs_is_gone_when_that_is_told_and_is_back() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            with pytest.raises(WorkerLost, match=r"took longer than 0.2 s for one batch") as lost:
                await slot.run("any", (Hang(),), limit_s=0.2)
            assert lost.value.cause is Cause.OVERDUE
            assert not is_alive(pid)

            assert await say(slot, "back") == "BACK"

    run_scenario(scenario())


def test_a_stopped_process_hangs_too() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            os.kill(await pid_of(slot), signal.SIGSTOP)
            with pytest.raises(WorkerLost):
                await slot.run("any", (Say("a"),), limit_s=0.2)

            assert await say(slot, "back") == "BACK"

    run_scenario(scenario())


def test_an_idle_worker_that_stands_still_is_replaced_before_it_gets_a_batch() -> None:
    async def scenario() -> None:
        causes: list[str] = []
        async with filled_slot(on_loss=causes.append) as slot:
            pid = await pid_of(slot)
            os.kill(pid, signal.SIGSTOP)
            await until(lambda: slot.pid not in {pid, None})

            assert await say(slot, "back") == "BACK"
            assert not is_alive(pid)
            assert causes == ["silent"]

    run_scenario(scenario())


def test_a_worker_that_keeps_pythons_lock_for_ever_is_given_up() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            with pytest.raises(WorkerLost, match=r"gave no sign of life for 1\.5 s") as lost:
                await slot.run("any", (Clasp(),), limit_s=LIMIT_S)
            assert lost.value.cause is Cause.SILENT
            assert not is_alive(pid)

            assert await say(slot, "back") == "BACK"

    run_scenario(scenario())


@pytest.mark.parametrize("computes", [False, True])
def test_a_long_batch_is_no_silence(computes: bool) -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            took_s, answered_by = (
                await slot.run("any", (Take(2 * SILENCE_S, computes), TellPid()), limit_s=LIMIT_S)
            ).outcomes

            assert isinstance(took_s, float) and took_s > 1.2 * SILENCE_S
            assert answered_by == slot.pid == pid

    run_scenario(scenario())


def test_a_loop_that_is_held_up_blames_no_worker() -> None:
    async def scenario() -> None:
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            time.sleep(1.2 * SILENCE_S)  # noqa: ASYNC251 - that is what holds it up
            await asyncio.sleep(1.2 * SILENCE_S)

            assert slot.is_ready and slot.pid == pid

    run_scenario(scenario())


def test_a_worker_that_cannot_come_back_yet_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with filled_slot(BarredSpec(tmp_path / "bar")) as slot:
            (tmp_path / "bar").touch()
            os.kill(await pid_of(slot), signal.SIGKILL)
            await until(lambda: slot.failed_start_count == 2)
            assert str(slot.start_failure) == "the bar is down"
            assert caplog.text.count("the bar is down") == 2
            (tmp_path / "bar").unlink()

            assert await say(slot, "back") == "BACK"
            assert slot.failed_start_count == 0 and slot.start_failure is None

    run_scenario(scenario())


def test_a_machine_that_has_no_descriptor_left_for_it_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        async with filled_slot() as slot:
            pid = await pid_of(slot)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            try:
                os.kill(pid, signal.SIGKILL)
                await until(lambda: "Too many open files" in caplog.text)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

            assert await say(slot, "back") == "BACK"

    run_scenario(scenario())


def test_a_slot_is_stopped_though_its_worker_hangs() -> None:
    async def scenario() -> None:
        slot = WorkerSlot(launch(OrdealSpec()))
        await slot.start()
        pid = await pid_of(slot)
        hanging = asyncio.create_task(slot.run("any", (Hang(),), limit_s=LIMIT_S))
        await asyncio.sleep(0.05)
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)

        async with asyncio.timeout(10.0):
            await slot.stop()

        assert not is_alive(pid)
        assert slot.pid is None

    run_scenario(scenario())


def test_a_slot_is_stopped_while_its_worker_is_being_replaced() -> None:
    async def scenario() -> None:
        for pause_s in (0.0, 0.02, 0.1, 0.3):
            slot = WorkerSlot(launch(OrdealSpec()))
            await slot.start()
            os.kill(await pid_of(slot), signal.SIGKILL)
            await asyncio.sleep(pause_s)

            await slot.stop()

            assert slot.pid is None
            assert children_of(os.getpid()) == []

    run_scenario(scenario())


def test_who_is_cancelled_while_a_worker_is_killed_leaves_no_process() -> None:
    async def scenario() -> None:
        worker = await Worker.start(launch(OrdealSpec()))
        killing = asyncio.create_task(worker.kill())
        await asyncio.sleep(0)
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)

        assert killing.cancelled()
        assert worker.has_ended
        assert children_of(os.getpid()) == []

    run_scenario(scenario())
