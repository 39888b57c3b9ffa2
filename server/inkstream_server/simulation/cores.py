"""Who computes how fast: processes share cores equally, and take turns on a device.

What they compute, and in which order they ask for it, is decided elsewhere.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from typing import Final

from inkstream_server.simulation.clock import Clock, Signal, Steps

# Sums of floats leave crumbs: what is nearer to its end than this is done.
_CRUMB_S: Final = 1e-12


class Cores:
    """A machine's cores. While more threads compute than there are cores, all go slower alike.

    An operating system's scheduler comes near this whenever its time slices are short beside the
    steps. Caches, memory bandwidth and clock speeds that fall with the number of busy cores are in
    the costs where these were measured on a busy machine, and nowhere else.
    """

    def __init__(self, clock: Clock, count: float) -> None:
        self.count = count
        self.busy_s = 0.0
        self._clock = clock
        self._thread_count = 0
        # How much work everyone who computed all the time has done, and up to when that counts.
        self._done_s = 0.0
        self._noted_at = 0.0
        # By what the work done will be at their ends.
        self._running: list[tuple[float, int, int, Signal[None]]] = []
        self._numbers = itertools.count()
        self._plan_number = 0

    def compute(self, work_s: float, thread_count: int = 1) -> Steps[None]:
        """Take as long as `work_s` of this many threads takes, among the others that compute."""
        if work_s <= 0.0:
            return
        self._pass_time()
        done: Signal[None] = Signal(self._clock)
        end_s = self._done_s + work_s
        heapq.heappush(self._running, (end_s, next(self._numbers), thread_count, done))
        self._thread_count += thread_count
        self._plan()
        yield from done.wait()

    def settle(self) -> None:
        """Bring `busy_s` up to now."""
        self._pass_time()

    @property
    def _speed(self) -> float:
        return min(1.0, self.count / self._thread_count)

    def _pass_time(self) -> None:
        elapsed_s = self._clock.now - self._noted_at
        self._noted_at = self._clock.now
        if self._running:
            self._done_s += elapsed_s * self._speed
            self.busy_s += elapsed_s * min(self.count, self._thread_count)
        else:
            self._done_s = 0.0

    def _plan(self) -> None:
        """Look again when the next one will be done, should nothing change until then."""
        self._plan_number += 1
        number = self._plan_number
        left_s = max(0.0, self._running[0][0] - self._done_s)
        self._clock.at(self._clock.now + left_s / self._speed, lambda: self._look(number))

    def _look(self, plan_number: int) -> None:
        if plan_number != self._plan_number:
            return
        self._pass_time()
        self._done_s = max(self._done_s, self._running[0][0])
        while self._running and self._running[0][0] <= self._done_s + _CRUMB_S:
            _, _, thread_count, done = heapq.heappop(self._running)
            self._thread_count -= thread_count
            done.happen(None)
        if self._running:
            self._plan()


class Turns:
    """What one at a time can have, in order of arrival: a GPU, or the front's event loop."""

    def __init__(self, clock: Clock) -> None:
        self.busy_s = 0.0
        self._clock = clock
        self._is_taken = False
        self._waiting: deque[tuple[Steps[None], Signal[None]]] = deque()

    def do(self, work: Steps[None]) -> Signal[None]:
        """Do this when its turn comes, whether anybody still waits for it or not."""
        done: Signal[None] = Signal(self._clock)
        self._waiting.append((work, done))
        self._begin()
        return done

    def _begin(self) -> None:
        if self._is_taken or not self._waiting:
            return
        self._is_taken = True
        work, done = self._waiting.popleft()
        began_at = self._clock.now
        self._clock.start(work).ended.then(lambda: self._end(began_at, done))

    def _end(self, began_at: float, done: Signal[None]) -> None:
        self.busy_s += self._clock.now - began_at
        self._is_taken = False
        done.happen(None)
        self._begin()
