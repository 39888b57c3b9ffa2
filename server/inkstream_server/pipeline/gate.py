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
from typing import Final

from inkstream_server.scheduling.batcher import Batcher, Load
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority

_ONE_BY_ONE: Final = BatchPolicy(max_count=1)


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
        self._max_page_count = max_page_count
        self._line: Batcher[None, asyncio.Future[None]] = Batcher(lambda key: _ONE_BY_ONE)
        self.inside_count = 0

    async def enter(self, place: Place, work_s: float) -> None:
        entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        load = Load(cost_s=work_s)
        ticket = self._line.add(None, entered, place=place, load=load, now=time.monotonic())
        self._let_in()
        try:
            await entered
        except asyncio.CancelledError:
            if not self._line.remove(ticket):
                self.leave()
            raise

    def leave(self) -> None:
        self.inside_count -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self.inside_count < self._max_page_count:
            batch = self._line.take(now=time.monotonic())
            if batch is None:
                return
            self.inside_count += 1
            (entered,) = batch.items
            if not entered.cancelled():  # else its caller will know in a moment, and leaves
                entered.set_result(None)
