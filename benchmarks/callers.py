"""Clients of every kind: who waits, who leaves, who is in a hurry, who sends what cannot be read.

What their calls have to end in is decided here; what the server's processes do meanwhile is not
looked at.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import grpc

from inkstream import AsyncClient, InkstreamError
from reading import Expectations, Work
from samples import bad_files, small_pictures


@dataclass(slots=True)
class Callers:
    """Clients of every kind. Each kind knows what has to become of its calls."""

    client: AsyncClient
    expectations: Expectations
    drawing: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    _bad: list[tuple[str, bytes]] = field(default_factory=lambda: list(bad_files().items()))
    _are_lines_served: bool = False

    async def call_for(self, seconds: float, client_count: int) -> None:
        loop = asyncio.get_running_loop()
        end_at = loop.time() + seconds

        async def one_client() -> None:
            while loop.time() < end_at:
                await self._call_once()

        await asyncio.gather(*(one_client() for _ in range(client_count)))

    async def learn_whether_lines_are_served(self) -> None:
        try:
            await self.client.recognize_lines(small_pictures(1))
        except InkstreamError as error:
            if error.code is not grpc.StatusCode.UNIMPLEMENTED:
                raise
        else:
            self._are_lines_served = True

    async def _call_once(self) -> None:
        kinds: dict[Callable[[Work], Awaitable[None]], int] = {
            self._read: 12,
            self._leave: 2,
            self._hurry: 2,
            self._send_bad: 2,
            self._read_lines: 2 if self._are_lines_served else 0,
        }
        (kind,) = self.drawing.choices(list(kinds), list(kinds.values()))
        self.counts[kind.__name__.strip("_")] += 1
        await kind(self.drawing.choice(list(self.expectations.alone)))

    async def _read(self, work: Work) -> None:
        await self.expectations.read(self.client, work)

    async def _leave(self, work: Work) -> None:
        """Go away after a moment, whatever has come of it."""
        try:
            async with asyncio.timeout(self.drawing.uniform(0.0, 1.0)):
                await self._read(work)
        except TimeoutError:
            return

    async def _hurry(self, work: Work) -> None:
        """Set a deadline, which may pass or be refused as too short; nothing else may be said."""
        try:
            await self.client.recognize(work.content, timeout_s=self.drawing.uniform(0.01, 0.5))
        except InkstreamError as error:
            if error.reason != "DEADLINE_TOO_SHORT":
                self._expect(f"{work.name} in a hurry", error, grpc.StatusCode.DEADLINE_EXCEEDED)

    async def _send_bad(self, work: Work) -> None:
        del work
        name, content = self.drawing.choice(self._bad)
        try:
            await self.client.recognize(content)
        except InkstreamError as error:
            self._expect(name, error, grpc.StatusCode.INVALID_ARGUMENT)
        else:
            self.failed.append(f"{name} was read")

    async def _read_lines(self, work: Work) -> None:
        contents = [work.content for work in self.expectations.alone if not work.is_document]
        lines = await self.client.recognize_lines(self.drawing.sample(contents, 3))
        self.failed += [f"a line: {line.error}" for line in lines if line.error is not None]

    def _expect(self, name: str, error: InkstreamError, code: grpc.StatusCode) -> None:
        if error.code is not code:
            self.failed.append(f"{name}: {error}")
