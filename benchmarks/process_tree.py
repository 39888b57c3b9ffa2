"""What the processes of a server have in memory. Linux's /proc tells it; nothing is judged here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MIB: Final = 1 << 20
_WORKER_MODULE: Final = b"inkstream_server.workers.process"


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process. `pss_bytes` counts what n processes share as an n-th to each of them."""

    rss_bytes: int
    pss_bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What every process had in memory `at_s` seconds after the watch began."""

    at_s: float
    of_process: dict[int, Memory]

    @property
    def total_mib(self) -> float:
        """All processes together, what they share counted once."""
        return sum(each.pss_bytes for each in self.of_process.values()) / MIB


def tree(root_pid: int) -> Iterator[int]:
    """A process and everything that descends from it."""
    yield root_pid
    for task in Path(f"/proc/{root_pid}/task").glob("*/children"):
        try:
            children = task.read_text(encoding="ascii").split()
        except OSError:  # a thread, or the process, has ended meanwhile
            continue
        for child in children:
            yield from tree(int(child))


def worker_pids(server_pid: int) -> list[int]:
    """The server's worker processes, also those that are not ready yet."""
    return [pid for pid in tree(server_pid) if _WORKER_MODULE in _command_of(pid)]


def look(root_pid: int, since: float) -> Sample:
    """What the tree has in memory now."""
    memories = {pid: _memory_of(pid) for pid in tree(root_pid)}
    present = {pid: memory for pid, memory in memories.items() if memory is not None}
    return Sample(time.monotonic() - since, present)


@dataclass(slots=True)
class MemoryWatch:
    """Looks at a tree of processes again and again for as long as its block lasts."""

    root_pid: int
    every_s: float = 1.0
    samples: list[Sample] = field(default_factory=list)
    _looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._looking is not None
        self._looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._looking

    @property
    def peak_mib(self) -> float:
        return max((sample.total_mib for sample in self.samples), default=0.0)

    async def _look(self) -> None:
        started_at = time.monotonic()
        while True:
            self.samples.append(await asyncio.to_thread(look, self.root_pid, started_at))
            await asyncio.sleep(self.every_s)


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def _memory_of(pid: int) -> Memory | None:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # it has ended meanwhile
        return None
    fields = {
        name: int(value) << 10
        for name, value, *_ in (line.split() for line in rollup.splitlines()[1:])
    }
    return Memory(fields["Rss:"], fields["Pss:"])
