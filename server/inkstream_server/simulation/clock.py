"""Virtual time: what happens when, and processes that wait for it. Nothing of OCR is known here."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Cancelled(Exception):
    """Raised inside a process that is to end now."""


class Signal(Generic[T]):
    """Something that happens once, and its outcome."""

    __slots__ = ("_clock", "_then", "has_happened", "value")

    value: T

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._then: list[Callable[[], None]] = []
        self.has_happened = False

    def happen(self, value: T) -> None:
        """It happens now. Who waits goes on as soon as what happens now is through."""
        assert not self.has_happened, "once"
        self.has_happened = True
        self.value = value
        for action in self._then:
            self._clock.soon(action)
        self._then.clear()

    def then(self, action: Callable[[], None]) -> None:
        """Do something when it has happened."""
        if self.has_happened:
            self._clock.soon(action)
        else:
            self._then.append(action)

    def wait(self) -> Steps[T]:
        """Wait for it, in a process: `value = yield from signal.wait()`."""
        if not self.has_happened:
            yield self
        return self.value


Steps = Generator[Signal[Any], None, R]
"""What a process does: a generator that yields what it waits for."""


class Process(Generic[R]):
    """Steps under way. `ended` happens with their result; with None where they were cancelled."""

    __slots__ = ("_steps", "_waits_for", "ended")

    def __init__(self, clock: Clock, steps: Steps[R]) -> None:
        self._steps = steps
        self._waits_for: Signal[Any] | None = None
        self.ended: Signal[R | None] = Signal(clock)
        clock.soon(lambda: self._resume(None))

    def cancel(self) -> None:
        """Raise Cancelled where it waits. It must not wait for anything more."""
        if self.ended.has_happened:
            return
        self._waits_for = None
        try:
            self._steps.throw(Cancelled())
        except (Cancelled, StopIteration):
            self.ended.happen(None)
        else:
            raise AssertionError("a cancelled process waits again")

    def _resume(self, signal: Signal[Any] | None) -> None:
        if self._waits_for is not signal or self.ended.has_happened:
            return  # cancelled meanwhile
        try:
            awaited = next(self._steps)
        except StopIteration as end:
            self.ended.happen(end.value)
        else:
            self._waits_for = awaited
            awaited.then(lambda: self._resume(awaited))


class Clock:
    """Runs what was put down for each moment, in the order in which it was put down."""

    def __init__(self) -> None:
        self.now = 0.0
        self._soon: deque[Callable[[], None]] = deque()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def soon(self, action: Callable[[], None]) -> None:
        """Do something now, after what is being done."""
        self._soon.append(action)

    def at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._later, (max(when, self.now), next(self._numbers), action))

    def start(self, steps: Steps[R]) -> Process[R]:
        return Process(self, steps)

    def sleep(self, seconds: float) -> Steps[None]:
        over: Signal[None] = Signal(self)
        self.at(self.now + seconds, lambda: over.happen(None))
        yield from over.wait()

    def any_of(self, signals: Sequence[Signal[Any]]) -> Steps[None]:
        """Wait until one of them has happened."""
        first: Signal[None] = Signal(self)

        def note() -> None:
            if not first.has_happened:
                first.happen(None)

        for signal in signals:
            signal.then(note)
        yield from first.wait()

    def run_until(self, end: float) -> None:
        """Let time pass. What is put down for later stays."""
        soon, later = self._soon, self._later
        while True:
            while soon:
                soon.popleft()()
            if not later or later[0][0] > end:
                break
            self.now, _, action = heapq.heappop(later)
            action()
        self.now = max(self.now, end)
