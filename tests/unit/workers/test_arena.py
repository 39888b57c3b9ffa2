from __future__ import annotations

import asyncio

import pytest

from inkstream_server.workers.arena import Arena, Lease
from inkstream_server.workers.free_list import ALIGNMENT_BYTES
from inkstream_server.workers.memory import ArrayHandle

BLOCK = ALIGNMENT_BYTES


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def asked(arena: Arena, size: int) -> asyncio.Task[Lease]:
    return asyncio.create_task(arena.lease(size))


def test_a_block_that_is_free_is_had_at_once() -> None:
    async def scenario() -> None:
        arena = Arena(2, 4 * BLOCK)

        with await arena.lease(BLOCK + 1) as lease:
            assert arena.taken_bytes == 2 * BLOCK
            assert lease.array((3, 5)) == ArrayHandle(2, 0, (3, 5), "uint8")

        assert arena.taken_bytes == 0
        assert arena.size_bytes == 4 * BLOCK

    asyncio.run(scenario())


def test_it_tells_what_could_ever_be_had() -> None:
    arena = Arena(0, 2 * BLOCK)

    assert arena.fits(2 * BLOCK)
    assert not arena.fits(2 * BLOCK + 1)


def test_who_asks_for_what_will_never_be_free_is_told_of_the_mistake() -> None:
    async def scenario() -> None:
        with pytest.raises(AssertionError):
            await Arena(0, BLOCK).lease(BLOCK + 1)

    asyncio.run(scenario())


def test_an_array_may_not_pass_the_end_of_its_block() -> None:
    async def scenario() -> None:
        lease = await Arena(0, 4 * BLOCK).lease(100)

        assert lease.array((25,), "float32").size_bytes == 100
        assert lease.array((20,), "float32", skip=20).offset == 20
        with pytest.raises(AssertionError):
            lease.array((25,), "float32", skip=1)

    asyncio.run(scenario())


def test_who_came_first_is_served_first_even_where_a_later_one_would_fit() -> None:
    async def scenario() -> None:
        arena = Arena(0, 4 * BLOCK)
        held = await arena.lease(3 * BLOCK)
        large, small = asked(arena, 2 * BLOCK), asked(arena, BLOCK)
        await settle()
        assert not large.done() and not small.done()

        held.release()
        await settle()

        assert (await large).array((1,)).offset == 0
        assert (await small).array((1,)).offset == 2 * BLOCK

    asyncio.run(scenario())


def test_who_comes_later_does_not_overtake_those_who_wait() -> None:
    async def scenario() -> None:
        arena = Arena(0, 2 * BLOCK)
        held = await arena.lease(BLOCK)
        waiting = asked(arena, 2 * BLOCK)
        await settle()

        late = asked(arena, BLOCK)
        await settle()
        assert not late.done()

        held.release()
        (await waiting).release()
        (await late).release()
        assert arena.taken_bytes == 0

    asyncio.run(scenario())


def test_one_release_serves_as_many_as_now_fit() -> None:
    async def scenario() -> None:
        arena = Arena(0, 3 * BLOCK)
        held = await arena.lease(3 * BLOCK)
        waiting = [asked(arena, BLOCK) for _ in range(4)]
        await settle()

        held.release()
        await settle()

        assert [task.done() for task in waiting] == [True, True, True, False]
        (await waiting[0]).release()
        await settle()
        assert waiting[3].done()

    asyncio.run(scenario())


def test_who_is_cancelled_while_it_waits_holds_up_nobody() -> None:
    async def scenario() -> None:
        arena = Arena(0, 2 * BLOCK)
        held = await arena.lease(BLOCK)
        large, small = asked(arena, 2 * BLOCK), asked(arena, BLOCK)
        await settle()

        large.cancel()
        await settle()

        assert large.cancelled()
        assert small.done()
        held.release()
        (await small).release()
        assert arena.taken_bytes == 0

    asyncio.run(scenario())


def test_who_is_cancelled_in_the_middle_of_the_queue_is_passed_over() -> None:
    async def scenario() -> None:
        arena = Arena(0, BLOCK)
        held = await arena.lease(BLOCK)
        first, gone, last = (asked(arena, BLOCK) for _ in range(3))
        await settle()
        gone.cancel()
        await settle()

        held.release()
        (await first).release()

        (await last).release()
        assert arena.taken_bytes == 0

    asyncio.run(scenario())


def test_who_is_cancelled_just_after_it_was_granted_gives_it_back() -> None:
    async def scenario() -> None:
        arena = Arena(0, BLOCK)
        held = await arena.lease(BLOCK)
        granted, next_one = asked(arena, BLOCK), asked(arena, BLOCK)
        await settle()

        held.release()  # granted, but its task has not run since
        granted.cancel()
        await settle()

        assert granted.cancelled()
        (await next_one).release()
        assert arena.taken_bytes == 0

    asyncio.run(scenario())


def test_who_asks_in_the_moment_of_a_cancellation_is_served() -> None:
    async def scenario() -> None:
        arena = Arena(0, 2 * BLOCK)
        held = await arena.lease(BLOCK)
        waiting = asked(arena, 2 * BLOCK)
        await settle()

        waiting.cancel()
        async with asyncio.timeout(1.0):
            (await arena.lease(BLOCK)).release()

        held.release()
        assert arena.taken_bytes == 0

    asyncio.run(scenario())


def test_a_block_is_free_when_its_last_holder_releases_it() -> None:
    async def scenario() -> None:
        arena = Arena(0, BLOCK)
        lease = await arena.lease(BLOCK)

        with lease.hold():
            lease.release()
            assert arena.taken_bytes == BLOCK

        assert arena.taken_bytes == 0

    asyncio.run(scenario())


def test_a_block_that_is_free_cannot_be_held() -> None:
    async def scenario() -> None:
        lease = await Arena(0, BLOCK).lease(BLOCK)
        lease.release()

        with pytest.raises(AssertionError):
            lease.hold()

    asyncio.run(scenario())


def test_a_block_comes_back_when_its_user_fails() -> None:
    async def scenario() -> None:
        arena = Arena(0, BLOCK)

        with pytest.raises(KeyError), await arena.lease(BLOCK):
            raise KeyError

        assert arena.taken_bytes == 0

    asyncio.run(scenario())


def test_of_those_who_wait_the_lowest_rank_is_served_first() -> None:
    async def scenario() -> None:
        arena = Arena(0, BLOCK)
        held = await arena.lease(BLOCK)
        served: list[str] = []

        async def ask(name: str, rank: float) -> None:
            with await arena.lease(BLOCK, rank=rank):
                served.append(name)

        asking = [
            asyncio.create_task(ask(name, rank))
            for name, rank in (("late", 3.0), ("early", 1.0), ("between", 2.0))
        ]
        await asyncio.sleep(0)
        held.release()
        await asyncio.gather(*asking)

        assert served == ["early", "between", "late"]

    asyncio.run(scenario())


def test_a_block_can_be_had_now_or_not_at_all() -> None:
    arena = Arena(0, BLOCK)

    lease = arena.lease_now(BLOCK)

    assert lease is not None and arena.lease_now(1) is None
    lease.release()
    assert arena.taken_bytes == 0
