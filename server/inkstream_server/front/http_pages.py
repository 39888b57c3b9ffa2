"""Sends the answer of POST /ocr while its pages are read. `http_answer` says what is sent."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from inkstream_server.errors import OcrError
from inkstream_server.front import http_answer, responses
from inkstream_server.front.calls import Calls, prediction
from inkstream_server.front.failures import log_failure
from inkstream_server.front.http_answer import PageAnswer
from inkstream_server.front.http_calls import HttpCall
from inkstream_server.front.http_schema import OcrRequest
from inkstream_server.pipeline.results import DocumentEvent, DocumentStart, FailedPage, Page
from inkstream_server.telemetry.tracing import stage


class PageWriter:
    """Writes one answer. Nothing is sent before a page was read: until then all may fail."""

    def __init__(self, call: HttpCall, calls: Calls, request: OcrRequest) -> None:
        self._call = call
        self._calls = calls
        self._return_word_box = bool(request.return_word_box)
        self._start: DocumentStart | None = None
        self._sizes: list[dict[str, int | None]] = []
        self._unsent: list[bytes] = []
        self._failure: OcrError | None = None
        self._response: web.StreamResponse | None = None

    async def take(self, event: DocumentEvent) -> None:
        """Raises AnswersUnread, or ConnectionError where the client has gone."""
        request_id = self._call.record.request_id
        log_failure(event, request_id)
        match event:
            case DocumentStart():
                self._start = event
            case Page():
                message = responses.page(event)
                page = http_answer.page(message, return_word_box=self._return_word_box)
                self._add(page)
                await self._send()
            case FailedPage():
                self._failure = self._failure or event.error
                self._add(http_answer.failed_page(event.page_number, event.error, request_id))

    async def end(self) -> web.StreamResponse:
        """Write what follows the last page. Raises the first page's error where none was read."""
        if self._response is None and self._failure is not None:
            raise self._failure
        assert self._start is not None, "a document that is read has a start"
        self._unsent.append(http_answer.ending(self._start, self._sizes))
        await self._send()
        assert self._response is not None, "it was just written to"
        async with self._calls.writing():
            await self._response.write_eof()
        return self._response

    def _add(self, page: PageAnswer) -> None:
        separator: Sequence[bytes] = (b", ",) if self._sizes else ()
        self._sizes.append(page.size)
        self._unsent += (*separator, *page.parts)

    async def _send(self) -> None:
        if self._response is None:
            self._response = await self._begin()
        unsent, self._unsent = self._unsent, []
        with stage("answer"):
            for part in unsent:
                async with self._calls.writing():
                    await self._response.write(part)
                self._call.note_sent(len(part))

    async def _begin(self) -> web.StreamResponse:
        assert self._start is not None, "a document begins with its start"
        key, predicted = prediction(self._start.predicted_s)
        response = web.StreamResponse(headers={"Content-Type": "application/json", key: predicted})
        self._unsent.insert(0, http_answer.beginning(self._call.log_id))
        self._call.has_begun = True
        await response.prepare(self._call.request)
        return response
