"""Lets a bounded number of pages in; who is next follows from their shares. Nobody waits here."""

from __future__ import annotations

from typing import Generic, TypeVar

from inkstream_server.scheduling.batcher import Batcher, Load, Ticket
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.policy import ONE_BY_ONE

T = TypeVar("T")


class Room(Generic[T]):
    """Who is inside, and the line before it."""

    def __init__(self, max_count: int) -> None:
        self._max_count = max_count
        self._line: Batcher[None, T] = Batcher(lambda key: ONE_BY_ONE)
        self.inside_count = 0

    def line_up(self, who: T, place: Place, work_s: float, *, now: float) -> Ticket[None, T]:
        """Stand in line; `let_in` tells whose turn it is."""
        return self._line.add(None, who, place=place, load=Load(cost_s=work_s), now=now)

    def let_in(self, *, now: float) -> T | None:
        """The next one, who is inside now; None while there is no room, or nobody."""
        if self.inside_count >= self._max_count:
            return None
        batch = self._line.take(now=now)
        if batch is None:
            return None
        self.inside_count += 1
        return batch.items[0]

    def give_up(self, ticket: Ticket[None, T]) -> None:
        """Leave, whether it was in line or already inside."""
        if not self._line.remove(ticket):
            self.leave()

    def leave(self) -> None:
        self.inside_count -= 1
