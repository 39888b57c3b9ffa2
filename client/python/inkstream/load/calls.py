"""Sends one request and tells what came of it. When, and which, is decided elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import grpc

from inkstream.aio import AsyncClient
from inkstream.errors import InkstreamError
from inkstream.load.mix import File
from inkstream.load.outcome import Answer, PageOutcome
from inkstream.load.plan import CallSettings
from inkstream.results import Page


async def ask(
    client: AsyncClient, file: File, settings: CallSettings, clock: Callable[[], float]
) -> Answer:
    """Tries again as the settings say; whatever the server answers is an Answer."""
    retry_after_s: list[float] = []
    attempt_count = 1
    while True:
        pages, failure = await _attempt(client, file, settings, clock)
        if failure is None:
            return Answer(pages, attempt_count, tuple(retry_after_s))
        if failure.retry_after_s is not None:
            retry_after_s.append(failure.retry_after_s)
        if not _may_retry(failure) or attempt_count > settings.retry_limit:
            return Answer(pages, attempt_count, tuple(retry_after_s), failure.reason)
        await asyncio.sleep(retry_after_s[-1])
        attempt_count += 1


async def _attempt(
    client: AsyncClient, file: File, settings: CallSettings, clock: Callable[[], float]
) -> tuple[tuple[PageOutcome, ...], InkstreamError | None]:
    """The pages that came, and what the call failed with, if it did."""
    pages: list[PageOutcome] = []
    try:
        async for page in _read(client, file, settings):
            pages.append(_outcome(page, clock()))
    except InkstreamError as error:
        return tuple(pages), error
    return tuple(pages), None


async def _read(
    client: AsyncClient, file: File, settings: CallSettings
) -> AsyncGenerator[Page, None]:
    options = settings.options.copy()
    if settings.priority is not None:
        options["priority"] = settings.priority
    if not file.is_document:
        yield await client.recognize(file.content, timeout_s=settings.timeout_s, **options)
        return
    document = client.recognize_document(
        file.content,
        pages=settings.pages,
        dpi=settings.dpi,
        order=settings.order,
        timeout_s=settings.timeout_s,
        **options,
    )
    async with document:
        async for page in document:
            yield page


def _may_retry(error: InkstreamError) -> bool:
    """Only what the server itself refused for lack of room, and said when to come again."""
    is_refusal = error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    return is_refusal and error.retry_after_s is not None


def _outcome(page: Page, now_s: float) -> PageOutcome:
    return PageOutcome(
        arrived_at_s=now_s,
        line_count=len(page.lines),
        queued_s=page.timing.queued_s,
        total_s=page.timing.total_s,
        mean_batch_size=page.timing.mean_batch_size,
        reason=page.error.reason if page.error else "",
    )
