"""Reads documents: a window of pages at a time, each handed on as its order allows."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.errors import InternalError, OcrError
from inkstream_server.pipeline.intake import (
    DocumentJob,
    Intake,
    PageOrder,
    StoredDocument,
    left_s,
)
from inkstream_server.pipeline.page import PagePipeline
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.pipeline.results import (
    DocumentEnd,
    DocumentEvent,
    DocumentStart,
    FailedPage,
    ImageRead,
    Page,
)
from inkstream_server.pipeline.sheet import PageJob
from inkstream_server.scheduling.admission import Seat
from inkstream_server.scheduling.backlog import Work
from inkstream_server.telemetry.call import current_call
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.tracing import stage

_log = logging.getLogger(__name__)

PageResult = Page | FailedPage


class DocumentReader:
    """Reads the documents of any number of callers at once."""

    def __init__(
        self,
        intake: Intake,
        pages: PagePipeline,
        work: PageWork,
        limits: DocumentLimits,
        metrics: Metrics,
        *,
        window_page_count: int,
    ) -> None:
        self._intake = intake
        self._pages = pages
        self._work = work
        self._limits = limits
        self._metrics = metrics
        self._window_page_count = window_page_count

    async def read_image(self, job: DocumentJob) -> ImageRead:
        """Read the first page. Raises OcrError."""
        async with self._intake.stored(job) as stored:
            job = stored.job
            result = await self._answer(1, self._read_first(job, stored))
        if isinstance(result, FailedPage):
            raise result.error
        return ImageRead(result, stored.seat.predicted_s)

    async def read_document(self, job: DocumentJob) -> AsyncGenerator[DocumentEvent, None]:
        """Read the selected pages: a start, then pages, then an end. Raises OcrError.

        No more pages are read at once than the window allows: a caller who is slow to ask for the
        next event holds up its own document only. Use it with `aclosing`: what is being read is
        cancelled when the generator is closed.
        """
        started_at = time.monotonic()
        async with self._intake.stored(job) as stored:
            job = stored.job
            summary = await self._pages.open(stored.ref, stored.content, stored.seat.flow)
            numbers = job.ranges.select(
                summary.page_count, max_pages=self._limits.max_document_pages
            )
            stored.seat.take_pages(len(numbers))
            page_s = self._work.usual_page_s(job.settings.text_rec_model)
            stored.seat.expect(Work(len(numbers) * page_s, page_s), left_s=left_s(job.deadline_at))
            yield DocumentStart(
                summary.media_type, summary.page_count, len(numbers), stored.seat.predicted_s
            )
            failed_count = 0
            async with aclosing(self._read_pages(job, stored, numbers)) as results:
                async for result in results:
                    failed_count += isinstance(result, FailedPage)
                    yield result
        elapsed_s = time.monotonic() - started_at
        yield DocumentEnd(len(numbers) - failed_count, failed_count, elapsed_s)

    async def _read_first(self, job: DocumentJob, stored: StoredDocument) -> Page:
        stored.seat.take_pages(1)
        measured = await self._pages.measure(_page_job(job, stored, 1))
        stored.seat.expect(Work.of_one_page(measured.work_s), left_s=left_s(job.deadline_at))
        return await self._pages.read(measured)

    async def _read_pages(
        self, job: DocumentJob, stored: StoredDocument, numbers: Sequence[int]
    ) -> AsyncGenerator[PageResult, None]:
        # A task group cannot span the yield; the finally below does what it would.
        jobs = (_page_job(job, stored, number) for number in numbers)
        starts = (asyncio.create_task(self._read_page(each, stored.seat)) for each in jobs)
        reading = list(itertools.islice(starts, self._window_page_count))
        try:
            while reading:
                done = await _next_done(reading, job.order)
                reading.remove(done)
                reading += itertools.islice(starts, 1)
                yield done.result()
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def _read_page(self, job: PageJob, seat: Seat) -> PageResult:
        """Read one page of a document."""

        async def read() -> Page:
            return await self._pages.read(await self._pages.measure(job))

        result = await self._answer(job.page_number, read())
        seat.note_page_done()
        return result

    async def _answer(self, page_number: int, reading: Coroutine[Any, Any, Page]) -> PageResult:
        """What comes of reading a page. Its failure is its own, whatever it was."""
        with self._metrics.pages.in_flight.track_inprogress(), stage("page", page=page_number):
            try:
                page = await reading
            except OcrError as error:
                failure = FailedPage(page_number, error)
            except Exception as error:  # noqa: BLE001 - the page's boundary: logged, answered
                _log.exception("page %d failed", page_number)
                failure = FailedPage(page_number, InternalError(str(error)))
            else:
                self._note_read(page)
                return page
        self._note_failed(failure.error)
        return failure

    def _note_read(self, page: Page) -> None:
        self._metrics.pages.read.labels("OK").inc()
        self._metrics.pages.lines.inc(len(page.lines))
        self._metrics.pages.seconds.observe(page.timing.total_s)
        if (call := current_call()) is not None:
            call.page_count += 1
            call.line_count += len(page.lines)

    def _note_failed(self, error: OcrError) -> None:
        self._metrics.pages.read.labels(error.reason).inc()
        if (call := current_call()) is not None:
            call.failed_page_count += 1


def _page_job(job: DocumentJob, stored: StoredDocument, number: int) -> PageJob:
    return PageJob(stored.ref, stored.content, number, job.dpi, job.settings, stored.seat.flow)


async def _next_done(
    reading: Sequence[asyncio.Task[PageResult]], order: PageOrder
) -> asyncio.Task[PageResult]:
    if order is PageOrder.DOCUMENT:
        await asyncio.wait(reading[:1])
        return reading[0]
    await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
    return next(task for task in reading if task.done())
