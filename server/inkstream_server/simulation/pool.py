"""A pool of equal workers that pull batches from one queue, as the server's dispatcher lets them.

What goes into a batch is decided by the server's own `Batcher`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from inkstream_server.scheduling.batcher import Batch, Batcher, Load
from inkstream_server.scheduling.place import Place
from inkstream_server.simulation.clock import Clock, Signal, Steps

K = TypeVar("K", bound=Hashable)


class Order:
    """Items of one page that were queued together. `done` happens with the last of them."""

    __slots__ = ("done", "left_count")

    def __init__(self, clock: Clock, item_count: int) -> None:
        self.left_count = item_count
        self.done: Signal[None] = Signal(clock)

    def note_done(self) -> None:
        self.left_count -= 1
        if self.left_count == 0:
            self.done.happen(None)


class Pool(Generic[K]):
    """The queue and its workers. A worker that has a batch takes it to its end."""

    def __init__(
        self,
        clock: Clock,
        batcher: Batcher[K, Order],
        load_of: Callable[[K], Load],
        workers: Sequence[Callable[[Batch[K, Order]], Steps[None]]],
    ) -> None:
        """A worker is what takes the time that a batch takes it."""
        self._clock = clock
        self._batcher = batcher
        self._load_of = load_of
        self._idle: deque[Signal[None]] = deque()
        for worker in workers:
            clock.start(self._serve(worker))

    def run(self, keys: Sequence[K], place: Place) -> Steps[None]:
        """Have one item of each key run.

        When the process is cancelled, items that wait leave the queue.
        """
        order = Order(self._clock, len(keys))
        now = self._clock.now
        tickets = [
            self._batcher.add(key, order, place=place, load=self._load_of(key), now=now)
            for key in keys
        ]
        self._wake()
        try:
            yield from order.done.wait()
        finally:
            if order.left_count:
                for ticket in tickets:
                    self._batcher.remove(ticket)

    def _serve(self, worker: Callable[[Batch[K, Order]], Steps[None]]) -> Steps[None]:
        last: K | None = None
        while True:
            batch = self._batcher.take(now=self._clock.now, last=last)
            if batch is None:
                yield from self._wait_idle()
                continue
            last = batch.key
            self._wake()
            yield from worker(batch)
            for order in batch.items:
                order.note_done()

    def _wait_idle(self) -> Steps[None]:
        called: Signal[None] = Signal(self._clock)
        self._idle.append(called)
        due_at = self._batcher.next_due_at()
        if due_at is not None:
            self._clock.at(due_at, self._wake)
        yield from called.wait()

    def _wake(self) -> None:
        """Let an idle worker look; should it find something, the next one looks too."""
        if self._idle and len(self._batcher):
            self._idle.popleft().happen(None)
