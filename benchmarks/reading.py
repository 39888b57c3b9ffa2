"""What clients ask a server to read, and whether the answer is what it is when nobody else asks."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from inkstream import AsyncClient, InkstreamError, Options, Page, Polygon, Word
from samples import pdf, sample_pictures, small_pictures

LineReading: TypeAlias = tuple[str, float, Polygon, tuple[Word, ...]]
Reading: TypeAlias = tuple[tuple[LineReading, ...], tuple[tuple[Polygon, float], ...], bytes]
"""All that a page reads as: its lines, with their places and words; every region; its picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One thing to read: a picture, or a document with all its pages."""

    name: str
    content: bytes
    is_document: bool = False
    options: Options = field(default_factory=Options)

    async def read(self, client: AsyncClient) -> list[Reading]:
        """A reading for each page. Raises InkstreamError, also where one page alone failed."""
        if not self.is_document:
            return [reading_of(await client.recognize(self.content, **self.options))]
        readings = []
        async with client.recognize_document(self.content, **self.options) as document:
            async for page in document:
                page.raise_for_error()
                readings.append(reading_of(page))
        return readings


def mixed_works() -> list[Work]:
    """Pictures of many sizes, read in several ways, and short documents."""
    ways: list[Options] = [{}, {"use_textline_orientation": True}, {"text_det_unclip_ratio": 1.5}]
    pictures = [
        Work(f"picture {number}", content, options=ways[number % len(ways)])
        for number, content in enumerate([*small_pictures(12), *sample_pictures()])
    ]
    documents = [
        Work(f"document {number}", pdf(page_count, seed=number), is_document=True)
        for number, page_count in enumerate((1, 3, 8))
    ]
    return pictures + documents


def draws(works: Sequence[Work], drawing: random.Random) -> Iterator[Work]:
    """Works without end."""
    while True:
        yield drawing.choice(works)


def reading_of(page: Page) -> Reading:
    """All of a page that must not depend on what else is read."""
    lines = tuple((line.text, line.score, line.polygon, line.words) for line in page.lines)
    regions = tuple((each.polygon, each.score) for each in page.detections)
    return lines, regions, page.visualization


@dataclass(slots=True)
class Expectations:
    """What each work reads as alone, and what became of it later."""

    alone: dict[Work, list[Reading]]
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    right_count: int = 0
    page_count: int = 0

    @property
    def request_count(self) -> int:
        return self.right_count + len(self.wrong) + len(self.failed)

    @classmethod
    async def read_alone(cls, client: AsyncClient, works: Sequence[Work]) -> Expectations:
        return cls({work: await work.read(client) for work in works})

    async def read(self, client: AsyncClient, work: Work) -> None:
        """Read it again, and note whether it comes out the same."""
        try:
            self.note(work, await work.read(client))
        except InkstreamError as error:
            self.failed.append(f"{work.name}: {error}")

    def note(self, work: Work, readings: list[Reading]) -> None:
        self.page_count += len(readings)
        if readings == self.alone[work]:
            self.right_count += 1
        else:
            self.wrong.append(f"{work.name}: {difference(self.alone[work], readings)}")


def difference(expected: Sequence[Reading], seen: Sequence[Reading]) -> str:
    """The first thing that is not the same."""
    if len(expected) != len(seen):
        return f"{len(seen)} pages, not {len(expected)}"
    for number, (page, other) in enumerate(zip(expected, seen, strict=True), start=1):
        for kind, ours, theirs in zip(("line", "region"), page, other, strict=True):
            if len(ours) != len(theirs):
                return f"page {number}: {len(theirs)} {kind}s, not {len(ours)}"
            for one, another in zip(ours, theirs, strict=True):
                if one != another:
                    return f"page {number}: {kind} {another}, not {one}"
    return "no difference"


async def keep_busy(
    client_count: int, work: Iterator[Work], do: Callable[[Work], Awaitable[None]], seconds: float
) -> float:
    """Let so many clients do one work after the other; the seconds until the last was done.

    None begins once the time is over or there is no work left.
    """
    started_at = time.monotonic()

    async def one_client() -> None:
        while time.monotonic() - started_at < seconds:
            each = next(work, None)
            if each is None:
                return
            await do(each)

    await asyncio.gather(*(one_client() for _ in range(client_count)))
    return time.monotonic() - started_at
