"""OcrService: each method reads its request, lets the pipeline work, and sends what comes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

from inkstream.v1 import ocr_pb2, ocr_pb2_grpc
from inkstream_server.errors import Fault, MethodNotServed
from inkstream_server.front import responses
from inkstream_server.front.calls import Calls, Context, caller_of, tell_prediction
from inkstream_server.front.requests import RequestReader
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.results import DocumentEvent, DocumentStart, FailedPage

_log = logging.getLogger(__name__)


class OcrService(ocr_pb2_grpc.OcrServiceServicer):
    """Recognize and RecognizeDocument; the other methods answer UNIMPLEMENTED."""

    def __init__(self, requests: RequestReader, reader: DocumentReader, calls: Calls) -> None:
        self._requests = requests
        self._reader = reader
        self._calls = calls

    async def Recognize(  # noqa: N802 - the contract's name
        self, request: ocr_pb2.RecognizeRequest, context: Context
    ) -> ocr_pb2.RecognizeResponse:
        async with self._calls.answering("Recognize", context):
            read = await self._reader.read_image(self._requests.image(request, caller_of(context)))
            await tell_prediction(context, read.predicted_s)
            return ocr_pb2.RecognizeResponse(page=responses.page(read.page))
        raise AssertionError("a failed call is aborted")

    # Writes rather than yields: a generator that is cancelled between two pages is closed late.
    async def RecognizeDocument(  # type: ignore[override]  # noqa: N802 - as above
        self, request: ocr_pb2.RecognizeDocumentRequest, context: Context
    ) -> None:
        async with self._calls.answering("RecognizeDocument", context) as request_id:
            job = self._requests.document(request, caller_of(context))
            async with aclosing(self._reader.read_document(job)) as events:
                async for event in events:
                    if isinstance(event, DocumentStart):
                        await tell_prediction(context, event.predicted_s)
                    _log_failure(event, request_id)
                    await context.write(responses.document_event(event, request_id))

    async def RecognizeStream(  # type: ignore[override]  # noqa: N802 - as above
        self, request_iterator: AsyncIterator[ocr_pb2.RecognizeStreamRequest], context: Context
    ) -> None:
        async with self._calls.answering("RecognizeStream", context):
            raise MethodNotServed("this version of the server has no RecognizeStream")

    async def RecognizeLines(  # noqa: N802 - as above
        self, request: ocr_pb2.RecognizeLinesRequest, context: Context
    ) -> ocr_pb2.RecognizeLinesResponse:
        async with self._calls.answering("RecognizeLines", context):
            raise MethodNotServed("this version of the server has no RecognizeLines")
        raise AssertionError("a failed call is aborted")


def _log_failure(event: DocumentEvent, request_id: str) -> None:
    """A page that failed by our own fault is told the request's id: the log must know it too."""
    if isinstance(event, FailedPage) and event.error.fault is Fault.SERVER:
        error = event.error
        _log.error(
            "request=%s page=%d reason=%s %s",
            request_id, event.page_number, error.reason, error.message,
        )  # fmt: skip
