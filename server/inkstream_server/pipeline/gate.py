"""Lets a bounded number of pages be worked on at once. Who is next follows from their shares.

Pages beyond that wait as a few numbers each; a page that is worked on holds its pixels. The bound
is one for each priority, so that an interactive page begins at once beside batch work: the queues
behind the gate then let it overtake.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.priority import Priority
from inkstream_server.scheduling.room import Room


class PageGate:
    """Hands out turns: the n-th page that begins has turn n."""

    def __init__(self, page_count: int) -> None:
        """`page_count` is how many pages of one priority are worked on at once."""
        self._rooms = {priority: _Room(page_count) for priority in Priority}
        self._turns = itertools.count(1)

    @property
    def inside_count(self) -> int:
        """Pages that are worked on."""
        return sum(room.inside_count for room in self._rooms.values())

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[None]:
        """Let nobody in before the end of the block, which begins when nobody is inside.

        Who comes meanwhile waits in line. At most one such block at a time.
        """
        for room in self._rooms.values():
            room.shut()
        try:
            for room in self._rooms.values():
                await room.empty.wait()
            yield
        finally:
            for room in self._rooms.values():
                room.reopen()

    @asynccontextmanager
    async def passing(self, place: Place, work_s: float) -> AsyncIterator[int]:
        """Be inside for the block, which is given the page's turn; waits until there is room."""
        room = self._rooms[place.flow.priority]
        await room.enter(place, work_s)
        try:
            yield next(self._turns)
        finally:
            room.leave()


class _Room:
    """The pages of one priority."""

    def __init__(self, max_page_count: int) -> None:
        self._room: Room[asyncio.Future[None]] = Room(max_page_count)
        self._is_shut = False
        self.empty = asyncio.Event()
        """Set while nobody is inside."""
        self.empty.set()

    @property
    def inside_count(self) -> int:
        return self._room.inside_count

    async def enter(self, place: Place, work_s: float) -> None:
        entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ticket = self._room.line_up(entered, place, work_s, now=time.monotonic())
        self._let_in()
        try:
            await entered
        except asyncio.CancelledError:
            self._room.give_up(ticket)
            self._let_in()
            raise

    def leave(self) -> None:
        self._room.leave()
        self._let_in()

    def shut(self) -> None:
        self._is_shut = True

    def reopen(self) -> None:
        self._is_shut = False
        self._let_in()

    def _let_in(self) -> None:
        self._admit()
        if self._room.inside_count:
            self.empty.clear()
        else:
            self.empty.set()

    def _admit(self) -> None:
        while not self._is_shut:
            entered = self._room.let_in(now=time.monotonic())
            if entered is None:
                return
            if not entered.cancelled():  # else its caller will know in a moment, and leaves
                entered.set_result(None)
