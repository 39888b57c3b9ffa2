"""OcrService: each method reads its request, lets the pipeline work, and sends what comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial

from inkstream.v1 import ocr_pb2, ocr_pb2_grpc
from inkstream_server.errors import OcrError
from inkstream_server.front import responses
from inkstream_server.front.calls import Calls, Context, caller_of, tell_prediction
from inkstream_server.front.failures import log_failure, log_line_failure
from inkstream_server.front.stream_call import StreamCall, StreamTools
from inkstream_server.front.url_sources import with_content
from inkstream_server.pipeline.lines import LineReader
from inkstream_server.pipeline.results import DocumentEvent, DocumentStart


class OcrService(ocr_pb2_grpc.OcrServiceServicer):
    """The four methods of the contract."""

    def __init__(self, tools: StreamTools, lines: LineReader, calls: Calls) -> None:
        self._tools = tools
        self._requests = tools.requests
        self._reader = tools.reader
        self._urls = tools.urls
        self._lines = lines
        self._calls = calls

    async def Recognize(  # noqa: N802 - the contract's name
        self, request: ocr_pb2.RecognizeRequest, context: Context
    ) -> ocr_pb2.RecognizeResponse:
        async with self._calls.answering("Recognize", context):
            job = self._requests.image(request, caller_of(context))
            async with self._urls.fetched(request.source.uri, job.priority, job.client) as fetched:
                reading = self._reader.read_image(with_content(job, fetched))
                del request, job, fetched  # a document that waits is kept once, in shared memory
                read = await reading
            await tell_prediction(context, read.predicted_s)
            return ocr_pb2.RecognizeResponse(page=responses.page(read.page))
        raise AssertionError("a failed call is aborted")

    # Writes rather than yields: a generator that is cancelled between two pages is closed late.
    async def RecognizeDocument(  # type: ignore[override]  # noqa: N802 - as above
        self, request: ocr_pb2.RecognizeDocumentRequest, context: Context
    ) -> None:
        async with self._calls.answering("RecognizeDocument", context) as request_id:
            job = self._requests.document(request, caller_of(context))
            async with self._urls.fetched(request.source.uri, job.priority, job.client) as fetched:
                reading = self._reader.read_document(with_content(job, fetched))
                del request, job, fetched  # as above
                await self._send_all(reading, context, request_id)

    async def RecognizeStream(  # type: ignore[override]  # noqa: N802 - as above
        self, request_iterator: AsyncIterator[ocr_pb2.RecognizeStreamRequest], context: Context
    ) -> None:
        async with self._calls.answering("RecognizeStream", context) as request_id:
            # With the first answer it would be sent twice, if that has to be given up.
            await context.send_initial_metadata(())
            send = partial(self._calls.send, context)
            call = StreamCall(self._tools, caller_of(context), send, request_id)
            await call.answer(request_iterator)

    async def RecognizeLines(  # noqa: N802 - as above
        self, request: ocr_pb2.RecognizeLinesRequest, context: Context
    ) -> ocr_pb2.RecognizeLinesResponse:
        async with self._calls.answering("RecognizeLines", context) as request_id:
            job = self._requests.lines(request, caller_of(context))
            job = await self._urls.with_lines(job, [source.uri for source in request.lines])
            lines = await self._lines.read(job)
            for number, line in enumerate(lines, start=1):
                if isinstance(line, OcrError):
                    log_line_failure(line, request_id, number)
            texts = [responses.line_text(line, request_id) for line in lines]
            return ocr_pb2.RecognizeLinesResponse(lines=texts)
        raise AssertionError("a failed call is aborted")

    async def _send_all(
        self, reading: AsyncGenerator[DocumentEvent, None], context: Context, request_id: str
    ) -> None:
        async with aclosing(reading) as events:
            async for event in events:
                if isinstance(event, DocumentStart):
                    await tell_prediction(context, event.predicted_s)
                log_failure(event, request_id)
                await self._calls.send(context, responses.document_event(event, request_id))
