"""The gate before the pages that are worked on, by the rules of the server's own."""

from __future__ import annotations

from typing import Final

from inkstream_server.scheduling.batcher import Batcher, Load
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority
from inkstream_server.simulation.clock import Clock, Signal, Steps

_ONE_BY_ONE: Final = BatchPolicy(max_count=1)


class Gate:
    """One room for each priority."""

    def __init__(self, clock: Clock, page_count: int) -> None:
        self._rooms = {priority: _Room(clock, page_count) for priority in Priority}

    @property
    def inside_count(self) -> int:
        return sum(room.inside_count for room in self._rooms.values())

    def enter(self, place: Place, work_s: float) -> Steps[None]:
        """Wait for room. Who came in leaves; who was cancelled is not in."""
        yield from self._rooms[place.flow.priority].enter(place, work_s)

    def leave(self, place: Place) -> None:
        self._rooms[place.flow.priority].leave()


class _Room:
    def __init__(self, clock: Clock, max_page_count: int) -> None:
        self._clock = clock
        self._max_page_count = max_page_count
        self._line: Batcher[None, Signal[None]] = Batcher(lambda key: _ONE_BY_ONE)
        self.inside_count = 0

    def enter(self, place: Place, work_s: float) -> Steps[None]:
        entered: Signal[None] = Signal(self._clock)
        load = Load(cost_s=work_s)
        ticket = self._line.add(None, entered, place=place, load=load, now=self._clock.now)
        self._let_in()
        is_in = False
        try:
            yield from entered.wait()
            is_in = True
        finally:
            if not is_in and not self._line.remove(ticket):
                self.leave()

    def leave(self) -> None:
        self.inside_count -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self.inside_count < self._max_page_count:
            batch = self._line.take(now=self._clock.now)
            if batch is None:
                return
            self.inside_count += 1
            (entered,) = batch.items
            entered.happen(None)
