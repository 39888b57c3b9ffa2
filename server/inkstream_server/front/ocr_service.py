"""OcrService: each method reads its request, lets the pipeline work, and sends what comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from grpc import StatusCode

from inkstream.v1 import ocr_pb2, ocr_pb2_grpc
from inkstream_server.front import responses
from inkstream_server.front.calls import Context, answering
from inkstream_server.front.requests import RequestReader
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.telemetry.metrics import Metrics


class OcrService(ocr_pb2_grpc.OcrServiceServicer):
    """Recognize and RecognizeDocument; the other methods answer UNIMPLEMENTED."""

    def __init__(self, requests: RequestReader, reader: DocumentReader, metrics: Metrics) -> None:
        self._requests = requests
        self._reader = reader
        self._metrics = metrics

    async def Recognize(  # noqa: N802 - the contract's name
        self, request: ocr_pb2.RecognizeRequest, context: Context
    ) -> ocr_pb2.RecognizeResponse:
        async with answering("Recognize", context, self._metrics):
            page = await self._reader.read_image(self._requests.image(request))
            return ocr_pb2.RecognizeResponse(page=responses.page(page))
        raise AssertionError("a failed call is aborted")

    # Writes rather than yields: a generator that is cancelled between two pages is closed late.
    async def RecognizeDocument(  # type: ignore[override]  # noqa: N802 - as above
        self, request: ocr_pb2.RecognizeDocumentRequest, context: Context
    ) -> None:
        async with answering("RecognizeDocument", context, self._metrics) as request_id:
            job = self._requests.document(request)
            async with aclosing(self._reader.read_document(job)) as events:
                async for event in events:
                    await context.write(responses.document_event(event, request_id))

    async def RecognizeStream(  # type: ignore[override]  # noqa: N802 - as above
        self, request_iterator: AsyncIterator[ocr_pb2.RecognizeStreamRequest], context: Context
    ) -> None:
        await context.abort(StatusCode.UNIMPLEMENTED, "this version has no RecognizeStream")

    async def RecognizeLines(  # noqa: N802 - as above
        self, request: ocr_pb2.RecognizeLinesRequest, context: Context
    ) -> ocr_pb2.RecognizeLinesResponse:
        await context.abort(StatusCode.UNIMPLEMENTED, "this version has no RecognizeLines")
        raise AssertionError("the call is aborted")
