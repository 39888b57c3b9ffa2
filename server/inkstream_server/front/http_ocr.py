"""Answers POST /ocr: a document in as JSON, its pages out as JSON while others are read."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from aiohttp import web

from inkstream_server.document.page_ranges import PageRanges
from inkstream_server.errors import InvalidField
from inkstream_server.front.calls import Calls
from inkstream_server.front.http_body import Body, BodyLimits, read_body
from inkstream_server.front.http_calls import HttpCall, answer
from inkstream_server.front.http_pages import PageWriter
from inkstream_server.front.http_schema import HttpConfig, OcrRequest, as_sent
from inkstream_server.front.incoming import IncomingFile
from inkstream_server.front.url_sources import UrlSources, with_content
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.intake import DocumentJob, Intake
from inkstream_server.pipeline.settings import SettingsBook
from inkstream_server.scheduling.budget import Budget
from inkstream_server.scheduling.priority import Priority

_METHOD: Final = "POST /ocr"


@dataclass(frozen=True, slots=True)
class OcrTools:
    """What all calls share: the door and the readers that gRPC's calls have too."""

    book: SettingsBook
    intake: Intake
    reader: DocumentReader
    urls: UrlSources
    limits: BodyLimits
    incoming: Budget
    config: HttpConfig


class OcrEndpoint:
    def __init__(self, tools: OcrTools, calls: Calls) -> None:
        self._tools = tools
        self._calls = calls

    async def post(self, request: web.Request) -> web.StreamResponse:
        return await answer(self._calls, _METHOD, request, self._read)

    async def _read(self, call: HttpCall) -> web.StreamResponse:
        tools = self._tools
        open_upload = partial(tools.intake.open_upload, Priority.INTERACTIVE, call.client)
        with IncomingFile(open_upload, tools.limits.max_file_bytes, tools.incoming) as file:
            body = await read_body(call, file, tools.limits)
            try:
                return await self._answer(call, body, file)
            except InvalidField as error:
                raise as_sent(error, body.request) from None

    async def _answer(self, call: HttpCall, body: Body, file: IncomingFile) -> web.StreamResponse:
        tools = self._tools
        job = replace(self._job(body.request, call.client), content=file.take())
        async with tools.urls.fetched(body.url, job.priority, job.client) as fetched:
            reading = tools.reader.read_document(with_content(job, fetched))
            del job, fetched  # a document that waits is kept once, in shared memory
            pages = PageWriter(call, self._calls, body.request)
            async with aclosing(reading) as events:
                async for event in events:
                    await pages.take(event)
            return await pages.end()

    def _job(self, request: OcrRequest, client: str) -> DocumentJob:
        """All of a job but its content. Raises OcrError."""
        wishes = request.wishes(visualize=self._tools.config.visualize)
        return DocumentJob(
            content=b"",
            settings=self._tools.book.fill_in(wishes),
            priority=Priority.INTERACTIVE,
            client=client,
            ranges=PageRanges(((1, self._tools.config.max_pages),)),
        )
