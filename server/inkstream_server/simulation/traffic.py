"""Who sends what, and when. What becomes of it is decided by the server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from random import Random

from inkstream_server.simulation.calls import Call, CallRecord, Contents
from inkstream_server.simulation.clock import Clock, Process, Steps
from inkstream_server.simulation.records import Records
from inkstream_server.simulation.scenario import Closed, Constant, Kind, Poisson, Source


class Caller:
    """Makes calls: of a kind, by a client. A call that is late is given up."""

    def __init__(
        self,
        clock: Clock,
        kinds: Mapping[str, Kind],
        records: Records,
        read: Callable[[Call, CallRecord], Steps[None]],
    ) -> None:
        self.clock = clock
        self._kinds = kinds
        self._contents = {name: Contents(kind) for name, kind in kinds.items()}
        self._records = records
        self._read = read
        self._numbers = itertools.count(1)

    def call(self, kind_name: str, client: str, random: Random) -> tuple[CallRecord, Process[None]]:
        kind = self._kinds[kind_name]
        pages = self._contents[kind_name].draw(random)
        record = self._records.new_call(kind_name, len(pages))
        call = Call(next(self._numbers), kind_name, kind, client, pages)
        reading = self.clock.start(self._read(call, record))
        if kind.deadline_s is not None:
            self.clock.at(self.clock.now + kind.deadline_s, reading.cancel)
        return record, reading


def start(source: Source, name: str, caller: Caller, seed: str) -> None:
    """Let a source's calls come, all the time. Equal seeds give equal calls."""
    arrivals = source.arrivals
    if isinstance(arrivals, Closed):
        for number in range(arrivals.callers):
            random = Random(f"{seed} {number}")
            client = f"{name} {number % source.clients}"
            caller.clock.start(_send_and_wait(source, arrivals.think_s, client, caller, random))
    else:
        random = Random(seed)
        caller.clock.start(_send(source, _intervals(arrivals, random), name, caller, random))


def _intervals(arrivals: Poisson | Constant, random: Random) -> Iterator[float]:
    while True:
        if isinstance(arrivals, Poisson):
            yield random.expovariate(arrivals.poisson_per_s)
        else:
            yield 1.0 / arrivals.constant_per_s


def _send(
    source: Source, intervals: Iterator[float], name: str, caller: Caller, random: Random
) -> Steps[None]:
    for number in itertools.count():
        yield from caller.clock.sleep(next(intervals))
        caller.call(_kind(source, random), f"{name} {number % source.clients}", random)


def _send_and_wait(
    source: Source, think_s: float, client: str, caller: Caller, random: Random
) -> Steps[None]:
    while True:
        record, reading = caller.call(_kind(source, random), client, random)
        yield from reading.ended.wait()
        yield from caller.clock.sleep(think_s + (record.retry_after_s or 0.0))


def _kind(source: Source, random: Random) -> str:
    return random.choices(list(source.kinds), list(source.kinds.values()))[0]
