from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading_room import SOMEWHERE, serving
from tests.unit.pipeline.in_process import InProcessSlot, dispatcher

from inkstream_server.errors import ImageDamaged, OcrError, PageTimeout, WorkerCrashed
from inkstream_server.pipeline.dispatcher import Dispatcher, Outcome
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.workers.arena import Arena, Lease
from inkstream_server.workers.loss import Cause, WorkerLost
from inkstream_server.workers.slot import WorkerAway
from inkstream_server.workers.task import Task


@dataclass(frozen=True, slots=True)
class Upper(Task[str]):
    text: str


def upper(key: object, items: tuple[object, ...]) -> Sequence[object]:
    return [item.text.upper() for item in items if isinstance(item, Upper)]


def texts(batches: Sequence[tuple[object, ...]]) -> list[str]:
    return ["".join(item.text for item in batch if isinstance(item, Upper)) for batch in batches]


def run_scenario(scenario: Coroutine[object, object, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(10.0):
            await scenario

    asyncio.run(limited())


async def ask(pool: Dispatcher, letters: str, leases: Sequence[Lease] = ()) -> list[Outcome[str]]:
    work = [("bucket", Upper(letter)) for letter in letters]
    return await pool.run_all(work, place=SOMEWHERE, leases=leases)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def results(outcomes: Sequence[Outcome[str]]) -> list[str]:
    """Each item's text, or the reason of its error."""
    return [
        each.result.reason if isinstance(each.result, OcrError) else each.result
        for each in outcomes
    ]


def test_a_task_is_answered_with_what_its_batch_was_like() -> None:
    async def scenario() -> None:
        pool = dispatcher(InProcessSlot(upper))
        async with serving(pool):
            outcome = await pool.run("bucket", Upper("a"), place=SOMEWHERE)

        assert outcome.unwrap() == "A"
        assert outcome.batch_count == 1
        assert outcome.waited_s >= 0.0

    run_scenario(scenario())


def test_no_work_is_no_answer() -> None:
    async def scenario() -> None:
        pool = dispatcher(InProcessSlot(upper))
        async with serving(pool):
            assert await ask(pool, "") == []

    run_scenario(scenario())


def test_the_work_of_two_callers_shares_a_batch_and_answers_go_home() -> None:
    async def scenario() -> None:
        slot = InProcessSlot(upper)
        pool = dispatcher(slot)
        one, other = asyncio.create_task(ask(pool, "ab")), asyncio.create_task(ask(pool, "xyz"))
        await settle()

        async with serving(pool):
            assert results(await one) == ["A", "B"]
            assert results(await other) == ["X", "Y", "Z"]

        assert texts(slot.batches) == ["abxyz"]
        assert {outcome.batch_count for outcome in await one} == {5}

    run_scenario(scenario())


def test_what_arrives_while_the_worker_is_busy_goes_in_its_next_batch() -> None:
    async def scenario() -> None:
        slot = InProcessSlot(upper)
        slot.holds = lambda items: len(slot.batches) == 1
        pool = dispatcher(slot)
        async with serving(pool):
            first = asyncio.create_task(ask(pool, "a"))
            await settle()
            others = [asyncio.create_task(ask(pool, letter)) for letter in "bcd"]
            await settle()
            slot.go.set()
            await asyncio.gather(first, *others)

        assert texts(slot.batches) == ["a", "bcd"]

    run_scenario(scenario())


def test_every_idle_worker_pulls() -> None:
    async def scenario() -> None:
        slots = [InProcessSlot(upper, name) for name in ("one", "two")]
        for slot in slots:
            slot.holds = lambda items: True
        pool = dispatcher(*slots, policy=BatchPolicy(max_count=1))
        async with serving(pool):
            asked = asyncio.create_task(ask(pool, "ab"))
            await settle()

            assert sorted(texts(slots[0].batches + slots[1].batches)) == ["a", "b"]
            for slot in slots:
                slot.go.set()
            assert results(await asked) == ["A", "B"]

    run_scenario(scenario())


def test_a_worker_that_is_being_replaced_is_waited_for() -> None:
    async def scenario() -> None:
        slot = InProcessSlot(upper)
        slot.ready.clear()
        pool = dispatcher(slot)
        async with serving(pool):
            asked = asyncio.create_task(ask(pool, "a"))
            await settle()
            assert slot.batches == []

            slot.ready.set()

            assert results(await asked) == ["A"]

    run_scenario(scenario())


def test_a_lone_item_waits_for_company_as_long_as_its_policy_says() -> None:
    async def scenario() -> None:
        slot = InProcessSlot(upper)
        pool = dispatcher(slot, policy=BatchPolicy(max_wait_s=0.02))
        async with serving(pool):
            (outcome,) = await ask(pool, "a")

        assert outcome.waited_s >= 0.02

    run_scenario(scenario())


def test_an_items_own_error_is_raised_for_it_alone() -> None:
    def damaged(key: object, items: tuple[object, ...]) -> Sequence[object]:
        return [ImageDamaged("bad") if each == Upper("b") else "fine" for each in items]

    async def scenario() -> None:
        pool = dispatcher(InProcessSlot(damaged))
        async with serving(pool):
            outcomes = await ask(pool, "abc")

        assert results(outcomes) == ["fine", "IMAGE_DAMAGED", "fine"]
        with pytest.raises(ImageDamaged):
            outcomes[1].unwrap()

    run_scenario(scenario())


def test_who_goes_away_takes_his_items_out_of_the_queue() -> None:
    async def scenario() -> None:
        metrics = Metrics()
        slot = InProcessSlot(upper)
        slot.holds = lambda items: True
        pool = dispatcher(slot, policy=BatchPolicy(max_count=2), metrics=metrics)
        async with serving(pool):
            gone = asyncio.create_task(ask(pool, "abcde"))
            await settle()
            gone.cancel()
            await settle()
            stays = asyncio.create_task(ask(pool, "z"))
            slot.go.set()

            assert results(await stays) == ["Z"]

        assert texts(slot.batches) == ["ab", "z"]
        sample = metrics.registry.get_sample_value
        assert sample("inkstream_dropped_items_total", {"step": "bucket"}) == 3

    run_scenario(scenario())


def test_blocks_stay_held_while_a_worker_may_write_into_them() -> None:
    async def scenario() -> None:
        arena = Arena(0, 4096)
        slot = InProcessSlot(upper)
        slot.holds = lambda items: True
        pool = dispatcher(slot)
        async with serving(pool):

            async def caller() -> None:
                with await arena.lease(10) as lease:
                    await ask(pool, "a", [lease])

            gone = asyncio.create_task(caller())
            await settle()
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            assert arena.taken_bytes == 4096

            slot.go.set()
            await settle()
            assert arena.taken_bytes == 0

    run_scenario(scenario())


def killed_by(killers: str, cause: Cause = Cause.CRASHED) -> InProcessSlot:
    """A worker that items of these letters end."""

    def answer(key: object, items: tuple[object, ...]) -> Sequence[object]:
        if any(isinstance(item, Upper) and item.text in killers for item in items):
            raise WorkerLost("it is gone", cause)
        return upper(key, items)

    return InProcessSlot(answer)


def test_a_death_by_chance_costs_nothing() -> None:
    deaths = [WorkerLost("by chance", Cause.KILLED)]

    def dies_once(key: object, items: tuple[object, ...]) -> Sequence[object]:
        if deaths:
            raise deaths.pop()
        return upper(key, items)

    async def scenario() -> None:
        metrics = Metrics()
        slot = InProcessSlot(dies_once)
        pool = dispatcher(slot, metrics=metrics)
        async with serving(pool):
            assert results(await ask(pool, "abc")) == ["A", "B", "C"]

        assert texts(slot.batches) == ["abc", "abc"]
        sample = metrics.registry.get_sample_value
        assert sample("inkstream_lost_batches_total", {"pool": "test"}) == 1

    run_scenario(scenario())


def test_an_operator_who_kills_seven_workers_in_a_row_costs_an_item_nothing() -> None:
    deaths = [WorkerLost("by chance", Cause.KILLED)] * 7

    def dies(key: object, items: tuple[object, ...]) -> Sequence[object]:
        if deaths:
            raise deaths.pop()
        return upper(key, items)

    async def scenario() -> None:
        pool = dispatcher(InProcessSlot(dies))
        async with serving(pool):
            assert results(await ask(pool, "a")) == ["A"]

    run_scenario(scenario())


def test_an_item_is_not_blamed_for_a_worker_that_was_gone_before() -> None:
    absences = [WorkerAway("being replaced")] * 9

    def is_away(key: object, items: tuple[object, ...]) -> Sequence[object]:
        if absences:
            raise absences.pop()
        return upper(key, items)

    async def scenario() -> None:
        metrics = Metrics()
        pool = dispatcher(InProcessSlot(is_away), metrics=metrics)
        async with serving(pool):
            assert results(await ask(pool, "ab")) == ["A", "B"]

        sample = metrics.registry.get_sample_value
        assert sample("inkstream_lost_batches_total", {"pool": "test"}) == 0

    run_scenario(scenario())


@pytest.mark.parametrize(("cause", "try_count"), [(Cause.CRASHED, 3), (Cause.SILENT, 2)])
def test_an_item_that_costs_workers_alone_is_tried_again_and_refused(
    cause: Cause, try_count: int
) -> None:
    async def scenario() -> None:
        slot = killed_by("x", cause)
        pool = dispatcher(slot)
        async with serving(pool):
            (outcome,) = await ask(pool, "x")

        assert isinstance(outcome.result, WorkerCrashed)
        assert texts(slot.batches) == ["x"] * try_count

    run_scenario(scenario())


def test_an_item_that_takes_too_long_alone_is_not_tried_again() -> None:
    async def scenario() -> None:
        slot = killed_by("x", Cause.OVERDUE)
        pool = dispatcher(slot)
        async with serving(pool):
            (outcome,) = await ask(pool, "x")

        assert isinstance(outcome.result, PageTimeout)
        assert texts(slot.batches) == ["x"]

    run_scenario(scenario())


@settings(max_examples=40, deadline=None)
@given(
    letters=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True),
    killers=st.sets(st.sampled_from("abcdefgh"), max_size=3),
    cause=st.sampled_from([Cause.CRASHED, Cause.KILLED, Cause.SILENT, Cause.OVERDUE]),
)
def test_whatever_kills_is_found_and_its_neighbours_get_their_results(
    letters: list[str], killers: set[str], cause: Cause
) -> None:
    async def scenario() -> None:
        slot = killed_by("".join(killers), cause)
        pool = dispatcher(slot)
        async with serving(pool):
            outcomes = await ask(pool, "".join(letters))

        reason = "PAGE_TIMEOUT" if cause is Cause.OVERDUE else "WORKER_CRASHED"
        assert results(outcomes) == [reason if x in killers else x.upper() for x in letters]

    run_scenario(scenario())


def test_a_suspect_nobody_waits_for_any_more_is_not_tried_again() -> None:
    async def scenario() -> None:
        slot = killed_by("x")
        slot.holds = lambda items: True
        pool = dispatcher(slot)
        async with serving(pool):
            gone = asyncio.create_task(ask(pool, "xa"))
            await settle()
            gone.cancel()
            slot.go.set()
            await settle()

            assert results(await ask(pool, "b")) == ["B"]

        assert texts(slot.batches) == ["xa", "b"]

    run_scenario(scenario())


def test_a_batch_is_recorded_under_its_bucket() -> None:
    async def scenario() -> None:
        metrics = Metrics()
        pool = dispatcher(InProcessSlot(upper), metrics=metrics)
        async with serving(pool):
            await ask(pool, "abc")

        stage = {"step": "bucket"}
        sample = metrics.registry.get_sample_value
        assert sample("inkstream_batch_items_sum", stage) == 3
        assert sample("inkstream_batch_busy_seconds_sum", stage) == 0.25
        assert sample("inkstream_queue_wait_seconds_count", stage) == 3

    run_scenario(scenario())


def test_what_waits_is_counted() -> None:
    async def scenario() -> None:
        metrics = Metrics()
        slot = InProcessSlot(upper)
        slot.holds = lambda items: True
        pool = dispatcher(slot, policy=BatchPolicy(max_count=2), metrics=metrics)
        async with serving(pool):
            asked = asyncio.create_task(ask(pool, "abcde"))
            await settle()
            sample = metrics.registry.get_sample_value

            assert sample("inkstream_queued_items", {"pool": "test"}) == 3
            slot.go.set()
            await asked
            assert sample("inkstream_queued_items", {"pool": "test"}) == 0

    run_scenario(scenario())


def test_every_worker_is_started_told_and_stopped() -> None:
    async def scenario() -> None:
        slots = [InProcessSlot(upper, name) for name in ("one", "two")]
        pool = dispatcher(*slots)

        assert await pool.start() == ()
        pool.tell_all("news")
        await pool.stop()

        assert [slot.events for slot in slots] == [["started", "stopped"]] * 2
        assert [slot.told for slot in slots] == [["news"]] * 2
        assert pool.pids == {"one": 4711, "two": 4711}

    run_scenario(scenario())
