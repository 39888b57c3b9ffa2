"""Brings in the documents that requests name by their URLs, as those are that come as bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from inkstream_server.errors import ContentTooLarge, EmptyInput, OcrError
from inkstream_server.front.incoming import IncomingFile
from inkstream_server.front.url_fetch import UrlFetcher
from inkstream_server.pipeline.intake import Content, DocumentJob, Intake
from inkstream_server.pipeline.lines import LinesJob
from inkstream_server.pipeline.upload import Upload
from inkstream_server.scheduling.budget import Budget
from inkstream_server.scheduling.priority import Priority

# Crops of one request that are fetched at once.
_AT_ONCE: Final = 8


class UrlSources:
    def __init__(
        self,
        fetcher: UrlFetcher,
        intake: Intake,
        incoming: Budget,
        *,
        max_bytes: int,
        max_lines_bytes: int,
    ) -> None:
        """`incoming` is the memory for documents that are not let in yet.

        `max_bytes` is for one document, `max_lines_bytes` for all the crops of one request.
        """
        self._fetcher = fetcher
        self._intake = intake
        self._incoming = incoming
        self._max_bytes = max_bytes
        self._max_lines_bytes = max_lines_bytes

    @asynccontextmanager
    async def fetched(
        self, url: str, priority: Priority, client: str
    ) -> AsyncIterator[bytes | Upload | None]:
        """What the URL names, kept for the block; None where there is no URL. Raises OcrError."""
        if not url:
            yield None
            return
        open_upload = partial(self._intake.open_upload, priority, client)
        with IncomingFile(open_upload, self._max_bytes, self._incoming) as file:
            await self._fetcher.fetch(url, file)
            yield file.take()

    async def with_lines(self, job: LinesJob, urls: Sequence[str]) -> LinesJob:
        """The job with the crops that are named by a URL; each fails alone."""
        if not any(urls):
            return job
        budget, places = Budget(self._max_lines_bytes), asyncio.Semaphore(_AT_ONCE)

        async def line(given: Content | OcrError, url: str) -> Content | OcrError:
            if not url or isinstance(given, OcrError):
                return given
            async with places:
                return await self._line(given, url, budget)

        async with asyncio.TaskGroup() as fetching:
            tasks = [
                fetching.create_task(line(given, url))
                for given, url in zip(job.lines, urls, strict=True)
            ]
        return replace(job, lines=tuple(task.result() for task in tasks))

    async def _line(self, given: Content, url: str, budget: Budget) -> Content | OcrError:
        crop = _Crop(budget)
        try:
            await self._fetcher.fetch(url, crop)
        except OcrError as error:
            crop.forget()
            return error
        data = b"".join(crop.parts)
        return replace(given, data=data) if data else EmptyInput("the URL names an empty file")


def with_content(job: DocumentJob, fetched: bytes | Upload | None) -> DocumentJob:
    """The job with what was fetched for it; as it is where nothing was."""
    return job if fetched is None else replace(job, content=fetched)


class _Crop:
    """One crop on its way in, in memory, of which all of a request's take from one budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.parts: list[bytes] = []

    def check_size(self, size_bytes: int) -> None:
        if size_bytes > self._budget.total:
            raise self._too_large()

    async def append(self, part: bytes) -> None:
        if not self._budget.take(len(part)):
            raise self._too_large()
        self.parts.append(part)

    def forget(self) -> None:
        """Leave its room to the others."""
        self._budget.give_back(sum(map(len, self.parts)))
        self.parts.clear()

    def _too_large(self) -> ContentTooLarge:
        limit = self._budget.total
        return ContentTooLarge(
            f"the crops that the request's URLs name have more than {limit} bytes together",
            max_bytes=limit,
        )
