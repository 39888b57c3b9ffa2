"""The gate before the pages that are worked on, by the rules of the server's own."""

from __future__ import annotations

from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.priority import Priority
from inkstream_server.scheduling.room import Room
from inkstream_server.simulation.clock import Clock, Signal, Steps


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
        self._room: Room[Signal[None]] = Room(max_page_count)

    @property
    def inside_count(self) -> int:
        return self._room.inside_count

    def enter(self, place: Place, work_s: float) -> Steps[None]:
        entered: Signal[None] = Signal(self._clock)
        ticket = self._room.line_up(entered, place, work_s, now=self._clock.now)
        self._let_in()
        is_in = False
        try:
            yield from entered.wait()
            is_in = True
        finally:
            if not is_in:
                self._room.give_up(ticket)
                self._let_in()

    def leave(self) -> None:
        self._room.leave()
        self._let_in()

    def _let_in(self) -> None:
        while (entered := self._room.let_in(now=self._clock.now)) is not None:
            entered.happen(None)
