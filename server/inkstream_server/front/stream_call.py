"""One RecognizeStream call: takes its documents in, has them read, and writes what comes of each.

What a message means is decided in `upload_protocol`; reading is the pipeline's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from inkstream.v1 import ocr_pb2
from inkstream_server.errors import InternalError, InvalidField, OcrError
from inkstream_server.front import responses
from inkstream_server.front.failures import log_failure
from inkstream_server.front.requests import Caller, RequestReader
from inkstream_server.front.upload_protocol import (
    Action,
    UploadIncomplete,
    UploadProtocol,
    UploadStalled,
)
from inkstream_server.front.url_sources import UrlSources, with_content
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.intake import DocumentJob, Intake
from inkstream_server.pipeline.results import DocumentEnd, DocumentEvent, FailedPage, Page
from inkstream_server.pipeline.upload import Upload, UploadConfig
from inkstream_server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

Message = ocr_pb2.RecognizeStreamRequest
Send = Callable[[ocr_pb2.RecognizeStreamResponse], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class StreamTools:
    """What all RecognizeStream calls share."""

    requests: RequestReader
    intake: Intake
    reader: DocumentReader
    urls: UrlSources
    config: UploadConfig
    max_document_bytes: int
    metrics: Metrics


@dataclass(slots=True, eq=False)
class _Document:
    """A document of the call that has not ended. `mistake`: what the client did wrong with it."""

    id: str
    job: DocumentJob | None = None
    url: str = ""
    upload: Upload | None = None
    opened_at: float = field(default_factory=time.monotonic)
    ok_page_count: int = 0
    failed_page_count: int = 0
    mistake: OcrError | None = None

    def let_go(self) -> None:
        """Give back what its upload holds."""
        if self.upload is not None:
            self.upload.close()


class StreamCall:
    """Answers one call.

    It takes the next message only when it has dealt with the last one, and no more documents are
    read at once than the configuration says: HTTP/2's flow control then holds the client back.
    Answers are written one at a time, whichever document they are of: a client that does not read
    them holds up its own documents, each with its window, and nothing else.
    """

    def __init__(self, tools: StreamTools, caller: Caller, send: Send, request_id: str) -> None:
        self._tools: Final = tools
        self._caller = caller
        self._send = send
        self._request_id = request_id
        self._protocol = UploadProtocol(
            max_document_bytes=tools.max_document_bytes,
            max_open_documents=tools.config.max_open_documents,
            max_documents=tools.config.max_call_documents,
        )
        self._documents: dict[str, _Document] = {}
        self._places = asyncio.Semaphore(tools.config.documents_at_once)
        self._writing = asyncio.Lock()
        self._reading = asyncio.TaskGroup()

    async def answer(self, messages: AsyncIterator[Message]) -> None:
        """Until the client has closed its side and every document has ended.

        Raises OcrError where a message is wrong that names no document, or no answer can be sent.
        """
        try:
            async with self._reading:
                await self._take_all(messages)
                cut_off = "the client closed its side before the document's last chunk"
                await self._fail_open(partial(UploadIncomplete, cut_off))
        except BaseExceptionGroup as failures:  # the first ended the others
            raise failures.exceptions[0] from None
        finally:
            for document in self._documents.values():
                document.let_go()

    async def _take_all(self, messages: AsyncIterator[Message]) -> None:
        # A message that is waited for is not given up when the wait has an end: gRPC would lose it.
        arriving = asyncio.create_task(_next(messages))
        try:
            while (message := await self._arrival(arriving)) is not None:
                await self._take(message)
                arriving = asyncio.create_task(_next(messages))
        finally:
            arriving.cancel()

    async def _arrival(self, arriving: asyncio.Task[Message | None]) -> Message | None:
        """The next message. Documents that are open fail where it takes too long to come."""
        limit_s = self._tools.config.max_idle_s
        while not arriving.done():
            is_limited = bool(self._protocol.open_documents)
            done, _ = await asyncio.wait([arriving], timeout=limit_s if is_limited else None)
            if not done:
                stalled = f"nothing has come of the call for {limit_s:g} s"
                await self._fail_open(partial(UploadStalled, stalled))
        return arriving.result()

    async def _take(self, message: Message) -> None:
        match message.WhichOneof("event"):
            case "header":
                await self._take_header(message.header)
            case "chunk":
                await self._take_chunk(message.chunk)
            case _:
                raise InvalidField.of("event", "unset", "header, chunk")

    async def _take_header(self, header: ocr_pb2.DocumentHeader) -> None:
        has_source = header.source.WhichOneof("kind") is not None
        verdict = self._protocol.header(header.document_id, has_source=has_source)
        if verdict.action is Action.DROP:
            return
        document = self._documents[header.document_id] = _Document(header.document_id)
        try:
            if verdict.error is not None:
                raise verdict.error
            if has_source:
                document.job = self._tools.requests.document(header, self._caller)
                document.url = header.source.uri
            else:
                document.job, document.upload = self._tools.requests.upload(
                    header, self._caller, self._tools.intake.open_upload
                )
        except OcrError as error:
            self._protocol.fail(header.document_id)
            await self._fail(document, error)
        else:
            if has_source:
                await self._start(document)

    async def _take_chunk(self, chunk: ocr_pb2.DocumentChunk) -> None:
        verdict = self._protocol.chunk(chunk.document_id, len(chunk.data), is_last=chunk.last)
        document = self._documents.get(chunk.document_id)
        match verdict.action:
            case Action.FAIL:
                await self._fail(document or _Document(chunk.document_id), verdict.error)
            case Action.SPOIL:
                if document is not None:
                    document.mistake = verdict.error
            case Action.TAKE | Action.COMPLETE:
                assert document is not None, "the protocol knows which documents are open"
                is_complete = verdict.action is Action.COMPLETE
                await self._grow(document, chunk.data, is_complete=is_complete)

    async def _grow(self, document: _Document, data: bytes, *, is_complete: bool) -> None:
        assert document.upload is not None
        try:
            await document.upload.append(data)
        except OcrError as error:
            self._protocol.fail(document.id)
            await self._fail(document, error)
        else:
            if is_complete:
                await self._start(document)

    async def _fail_open(self, error_of: Callable[[], OcrError]) -> None:
        for document_id in self._protocol.open_documents:
            self._protocol.fail(document_id)
            await self._fail(self._documents[document_id], error_of())

    async def _start(self, document: _Document) -> None:
        """Have it read; waits while as many of the call's documents are read as may be."""
        await self._places.acquire()
        task = self._reading.create_task(self._read(document))
        task.add_done_callback(lambda _: self._places.release())

    async def _read(self, document: _Document) -> None:
        assert document.job is not None
        async with aclosing(self._events(document.job, document.url)) as events:
            async for event in events:
                if document.mistake is not None:
                    break
                document.ok_page_count += isinstance(event, Page)
                document.failed_page_count += isinstance(event, FailedPage)
                if isinstance(event, DocumentEnd):
                    await self._end(document, event.error)
                    return
                await self._tell(document, event)
        await self._fail(document, document.mistake)  # now that nothing of it is read any more

    async def _events(self, job: DocumentJob, url: str) -> AsyncGenerator[DocumentEvent, None]:
        """The document's events. Whatever goes wrong with it is in the last one."""
        try:
            async with self._tools.urls.fetched(url, job.priority, job.client) as fetched:
                reading = self._tools.reader.read_document(with_content(job, fetched))
                async with aclosing(reading) as events:
                    async for event in events:
                        yield event
        except OcrError as error:
            yield DocumentEnd(0, 0, 0.0, error)
        except Exception as error:  # noqa: BLE001 - the document's boundary: logged, answered
            _log.exception("a document failed")
            yield DocumentEnd(0, 0, 0.0, InternalError(str(error)))

    async def _fail(self, document: _Document, error: OcrError | None) -> None:
        """End the document, which nobody reads, with its error."""
        assert error is not None
        await self._end(document, error)

    async def _end(self, document: _Document, error: OcrError | None) -> None:
        self._documents.pop(document.id, None)
        document.let_go()
        self._tools.metrics.calls.stream_documents.labels(error.reason if error else "OK").inc()
        elapsed_s = time.monotonic() - document.opened_at
        await self._tell(
            document,
            DocumentEnd(document.ok_page_count, document.failed_page_count, elapsed_s, error),
        )

    async def _tell(self, document: _Document, event: DocumentEvent) -> None:
        log_failure(event, self._request_id, document.id)
        response = responses.stream_event(document.id, event, self._request_id)
        await self._writing.acquire()
        await self._send(response)
        self._writing.release()  # not after a failure: gRPC may still hold that answer


async def _next(messages: AsyncIterator[Message]) -> Message | None:
    """The next message; None where the client has closed its side."""
    return await anext(messages, None)
