"""What every side of the comparison is: something that reads pages, and says how it does so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

CONCURRENCY: Final = 16

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How long reading all pages took, and the lines of each, in their order."""

    wall_s: float
    pages: tuple[Lines, ...]


class Variant(Protocol):
    """Started and warm. `pid` is that of the process under which all its work is done."""

    @property
    def name(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def pid(self) -> int: ...

    def read(self, contents: Sequence[bytes]) -> Reading:
        """Reads every page once, a server's with CONCURRENCY callers."""


async def read_concurrently(
    contents: Sequence[bytes], read: Callable[[bytes], Awaitable[Lines]]
) -> Reading:
    """As CONCURRENCY callers do, each of whom sends the next page when the last one is there."""
    pages: dict[int, Lines] = {}
    waiting = iter(enumerate(contents))

    async def call() -> None:
        for number, content in waiting:
            pages[number] = await read(content)

    started_at = time.monotonic()
    async with asyncio.TaskGroup() as callers:
        for _ in range(CONCURRENCY):
            callers.create_task(call())
    wall_s = time.monotonic() - started_at
    return Reading(wall_s, tuple(pages[number] for number in range(len(contents))))
