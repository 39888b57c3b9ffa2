"""Answers POST /pages: a file in as it is, its pages out as each finishes, a line of JSON each."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from aiohttp import web

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.errors import InvalidField, OcrError
from inkstream_server.front.calls import Calls, prediction
from inkstream_server.front.decoding import RequestMalformed
from inkstream_server.front.failures import log_failure
from inkstream_server.front.http_body import BodyLimits, body_chunks
from inkstream_server.front.http_calls import HttpCall, answer
from inkstream_server.front.http_schema import RequestNotJson
from inkstream_server.front.incoming import IncomingFile
from inkstream_server.front.pages_json import event_line
from inkstream_server.front.pages_query import (
    PASSWORD_HEADER,
    as_queried,
    job_of,
    parse_query,
)
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.intake import DocumentJob, Intake
from inkstream_server.pipeline.results import (
    DocumentEnd,
    DocumentEvent,
    DocumentStart,
    FailedPage,
    Page,
)
from inkstream_server.pipeline.settings import SettingsBook
from inkstream_server.scheduling.budget import Budget

_METHOD: Final = "POST /pages"
_HEADERS: Final = {
    "Content-Type": "application/x-ndjson",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # a proxy that gathers the answer would undo the streaming
}


@dataclass(frozen=True, slots=True)
class PagesTools:
    """What all calls share: the door and the readers that gRPC's calls have too."""

    book: SettingsBook
    intake: Intake
    reader: DocumentReader
    limits: DocumentLimits
    body: BodyLimits
    incoming: Budget


class PagesEndpoint:
    def __init__(self, tools: PagesTools, calls: Calls) -> None:
        self._tools = tools
        self._calls = calls

    async def post(self, request: web.Request) -> web.StreamResponse:
        return await answer(self._calls, _METHOD, request, self._read)

    async def _read(self, call: HttpCall) -> web.StreamResponse:
        job = self._job(call)  # before the body: what is wrong with the rest is told at once
        open_upload = partial(self._tools.intake.open_upload, job.priority, job.client)
        max_bytes = self._tools.limits.max_document_bytes
        with IncomingFile(open_upload, max_bytes, self._tools.incoming) as file:
            await self._take_body(call, file)
            job = replace(job, content=file.take())
            reading = self._tools.reader.read_document(job)
            del job  # a document that waits is kept once, in shared memory
            writer = EventWriter(call, self._calls)
            try:
                async with aclosing(reading) as events:
                    async for event in events:
                        await writer.take(event)
            except InvalidField as error:
                raise as_queried(error) from None
            return await writer.end()

    def _job(self, call: HttpCall) -> DocumentJob:
        query = parse_query(call.request.query.items())
        password = call.request.headers.get(PASSWORD_HEADER, "")
        tools = self._tools
        return job_of(query, password, call.client, tools.book, tools.limits.requested_dpi)

    async def _take_body(self, call: HttpCall, file: IncomingFile) -> None:
        max_bytes = self._tools.limits.max_document_bytes
        try:
            async for chunk in body_chunks(call, self._tools.body, max_bytes):
                await file.append(chunk)
        except RequestNotJson as error:  # of a body that is no JSON it would tell nothing
            raise RequestMalformed(error.message) from error


class EventWriter:
    """Writes one answer. Its status is sent once the document is known to be readable."""

    def __init__(self, call: HttpCall, calls: Calls) -> None:
        self._call = call
        self._calls = calls
        self._response: web.StreamResponse | None = None
        self._is_within_line = False
        self._began_at = time.monotonic()
        self._ok_count = self._failed_count = 0

    async def take(self, event: DocumentEvent) -> None:
        """Raises AnswersUnread, or ConnectionError where the client has gone."""
        log_failure(event, self._call.record.request_id)
        if isinstance(event, DocumentStart):
            await self._begin(event)
        await self._write(event)
        self._ok_count += isinstance(event, Page)
        self._failed_count += isinstance(event, FailedPage)

    async def end(self) -> web.StreamResponse:
        assert self._response is not None, "a document that is read has a start"
        self._call.end_with = None  # no line may follow the end
        async with self._calls.writing():
            await self._response.write_eof()
        return self._response

    async def _begin(self, start: DocumentStart) -> None:
        key, predicted = prediction(start.predicted_s)
        self._response = web.StreamResponse(headers={**_HEADERS, key: predicted})
        self._call.has_begun = True
        self._call.end_with = self._end_with
        await self._response.prepare(self._call.request)

    async def _write(self, event: DocumentEvent) -> None:
        assert self._response is not None, "a document begins with its start"
        self._is_within_line = True
        for part in event_line(event, self._call.record.request_id):
            async with self._calls.writing():
                await self._response.write(part)
            self._call.note_sent(len(part))
        self._is_within_line = False

    async def _end_with(self, error: OcrError) -> web.StreamResponse:
        """Tell in a line of its own why no more comes. Raises ConnectionError where none can be."""
        if self._is_within_line:
            raise ConnectionError("the client has not taken the line before")
        elapsed_s = time.monotonic() - self._began_at
        await self._write(DocumentEnd(self._ok_count, self._failed_count, elapsed_s, error))
        return await self.end()
