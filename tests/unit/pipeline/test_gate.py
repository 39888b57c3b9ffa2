from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest
from tests.unit.scheduling.flows import place

from inkstream_server.pipeline.gate import PageGate
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.priority import Priority


class Visitors:
    """Pages that pass a gate and stay inside until they are told to leave."""

    def __init__(self, gate: PageGate) -> None:
        self.gate = gate
        self.inside: list[str] = []
        self.turns: dict[str, int] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._leave: dict[str, asyncio.Event] = {}

    async def come(self, name: str, at: Place) -> None:
        self._leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._visit(name, at))
        await settle()

    async def leave(self, name: str) -> None:
        self._leave[name].set()
        await settle()

    async def _visit(self, name: str, at: Place) -> None:
        async with self.gate.passing(at, work_s=1.0) as turn:
            self.turns[name] = turn
            self.inside.append(name)
            try:
                await self._leave[name].wait()
            finally:
                self.inside.remove(name)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run_scenario(scenario: Coroutine[object, object, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(5.0):
            await scenario

    asyncio.run(limited())


def test_so_many_pages_are_inside_and_the_next_one_enters_when_one_leaves() -> None:
    async def scenario() -> None:
        visitors = Visitors(PageGate(2))
        for number, name in enumerate("abc"):
            await visitors.come(name, place(number))

        assert visitors.inside == ["a", "b"]
        assert visitors.gate.inside_count == 2
        await visitors.leave("a")
        assert visitors.inside == ["b", "c"]
        assert visitors.turns == {"a": 1, "b": 2, "c": 3}

        await visitors.leave("b")
        await visitors.leave("c")
        assert visitors.gate.inside_count == 0

    run_scenario(scenario())


def test_a_picture_enters_before_the_rest_of_a_long_document() -> None:
    async def scenario() -> None:
        visitors = Visitors(PageGate(1))
        for page in range(1, 5):
            await visitors.come(f"page {page}", place(1, turn=page))
        await visitors.leave("page 1")  # page 2 enters: only now has the document had a share

        await visitors.come("picture", place(2))
        await visitors.leave("page 2")
        assert visitors.inside == ["picture"]

        for name in ("picture", "page 3", "page 4"):
            await visitors.leave(name)

    run_scenario(scenario())


def test_an_interactive_page_enters_beside_batch_work() -> None:
    async def scenario() -> None:
        visitors = Visitors(PageGate(1))
        await visitors.come("batch", place(1, priority=Priority.BATCH))
        await visitors.come("batch too", place(2, priority=Priority.BATCH))
        await visitors.come("picture", place(3))

        assert visitors.inside == ["batch", "picture"]
        for name in ("batch", "batch too", "picture"):
            await visitors.leave(name)

    run_scenario(scenario())


def test_who_is_cancelled_in_line_or_inside_leaves_room() -> None:
    async def scenario() -> None:
        visitors = Visitors(PageGate(1))
        for number, name in enumerate("abc"):
            await visitors.come(name, place(number))

        visitors.tasks["b"].cancel()
        visitors.tasks["a"].cancel()
        await settle()

        assert visitors.inside == ["c"]
        await visitors.leave("c")
        assert visitors.gate.inside_count == 0

    run_scenario(scenario())


def test_who_is_cancelled_in_the_moment_of_entering_leaves_room() -> None:
    async def scenario() -> None:
        visitors = Visitors(PageGate(1))
        for number, name in enumerate("abc"):
            await visitors.come(name, place(number))

        visitors.tasks["a"].cancel()  # lets b in
        await asyncio.sleep(0)
        visitors.tasks["b"].cancel()  # before b knows
        await settle()

        assert visitors.inside == ["c"]
        await visitors.leave("c")
        assert visitors.gate.inside_count == 0

    run_scenario(scenario())


def test_an_empty_gate_waits_for_those_inside_and_lets_nobody_in_until_it_is_left() -> None:
    async def scenario() -> None:
        visitors = Visitors(PageGate(2))
        seen: list[list[str]] = []
        done = asyncio.Event()

        async def be_alone() -> None:
            async with visitors.gate.empty():
                seen.append(list(visitors.inside))
                await done.wait()

        await visitors.come("a", place(1))
        await visitors.come("batch", place(2, priority=Priority.BATCH))
        alone = asyncio.create_task(be_alone())
        await visitors.come("late", place(3))
        assert visitors.inside == ["a", "batch"] and seen == []
        await visitors.leave("a")
        assert seen == []
        visitors.tasks["batch"].cancel()
        await settle()

        assert seen == [[]] and visitors.inside == []
        done.set()
        await alone
        await settle()
        assert visitors.inside == ["late"]
        await visitors.leave("late")

    run_scenario(scenario())


def test_who_gives_up_waiting_for_an_empty_gate_leaves_it_open() -> None:
    async def scenario() -> None:
        visitors = Visitors(PageGate(1))
        await visitors.come("a", place(1))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), visitors.gate.empty():
                raise AssertionError("somebody is inside")
        await visitors.come("b", place(2))
        await visitors.leave("a")

        assert visitors.inside == ["b"]
        await visitors.leave("b")

    run_scenario(scenario())
