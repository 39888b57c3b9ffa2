"""A server of the wire contract that answers from a script, in the process of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NoReturn

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from inkstream.v1 import models_pb2, models_pb2_grpc, ocr_pb2, ocr_pb2_grpc, page_pb2, settings_pb2

WAIT_S = 10.0  # longer than anything takes; a test that waits this long has failed


@dataclass
class Script:
    """What the server answers, and what it was asked.

    `failures` are raised one a call, before `pages`, `late_failures` after them;
    `document_failures` end one document each of a stream, whose messages are in `messages`. After
    the pages a document stays open until the caller has gone where `hangs` is set. Of `breaks` each
    ends one call for a document after these pages, as a server does that goes away; the pages that
    are selected come after the last, if `page_count` is told.
    """

    target: str = ""
    pages: list[page_pb2.Page] = field(default_factory=list)
    failures: list[status_pb2.Status] = field(default_factory=list)
    late_failures: list[status_pb2.Status] = field(default_factory=list)
    document_failures: list[page_pb2.Error] = field(default_factory=list)
    hangs: bool = False
    page_count: int = 0
    breaks: list[tuple[int, ...]] = field(default_factory=list)
    requests: list[object] = field(default_factory=list)
    messages: list[ocr_pb2.RecognizeStreamRequest] = field(default_factory=list)
    metadata: dict[str, str | bytes] = field(default_factory=dict)
    peers: set[str] = field(default_factory=set)
    has_been_asked_again: threading.Event = field(default_factory=threading.Event)
    caller_has_gone: threading.Event = field(default_factory=threading.Event)

    @property
    def document_requests(self) -> list[ocr_pb2.RecognizeDocumentRequest]:
        return [
            each for each in self.requests if isinstance(each, ocr_pb2.RecognizeDocumentRequest)
        ]

    def pages_for(self, ranges: str) -> list[page_pb2.Page]:
        """Those that a request of a client of ours selects: 3,5-7."""
        if not self.page_count or not ranges:
            return self.pages
        spans = [part.partition("-") for part in ranges.split(",")]
        numbers = {n for a, _, b in spans for n in range(int(a), int(b or a) + 1)}
        return [page for page in self.pages if page.page_number in numbers]

    def add_page(self, page_number: int, *texts: str) -> None:
        corners = [page_pb2.Point(x=x, y=y) for x, y in ((0, 5), (90, 5), (90, 25), (0, 25))]
        lines = [
            page_pb2.TextLine(
                text=text,
                score=0.5,
                polygon=page_pb2.Polygon(points=corners),
                box=page_pb2.Box(x_min=0, y_min=5, x_max=90, y_max=25),
                angle=-1,
            )
            for text in texts
        ]
        timing = page_pb2.PageTiming(mean_batch_size=8.0)
        timing.total.FromMilliseconds(1500)
        self.pages.append(
            page_pb2.Page(
                page_number=page_number,
                width=100,
                height=200,
                lines=lines,
                doc_angle=180,
                frame=settings_pb2.FRAME_SOURCE,
                timing=timing,
            )
        )

    def add_failed_page(self, page_number: int, reason: str, message: str) -> None:
        error = page_pb2.Error(code=3, reason=reason, message=message)
        self.pages.append(page_pb2.Page(page_number=page_number, error=error))

    def add_failure(self, code: grpc.StatusCode, message: str, *details: object) -> None:
        status = status_pb2.Status(code=code.value[0], message=message)
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)  # type: ignore[arg-type] # a message of google.rpc, untyped
            status.details.append(packed)
        self.failures.append(status)

    def add_own_failure(
        self, code: grpc.StatusCode, message: str, reason: str, **facts: str
    ) -> None:
        cause = error_details_pb2.ErrorInfo(domain="inkstream.dev", reason=reason, metadata=facts)
        self.add_failure(code, message, cause)


class ScriptedOcr(ocr_pb2_grpc.OcrServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    def Recognize(  # noqa: N802 # gRPC's name
        self, request: ocr_pb2.RecognizeRequest, context: grpc.ServicerContext
    ) -> ocr_pb2.RecognizeResponse:
        self._enter(request, context)
        self._hang(context)
        return ocr_pb2.RecognizeResponse(page=self._script.pages[0])

    def RecognizeDocument(  # noqa: N802 # gRPC's name
        self, request: ocr_pb2.RecognizeDocumentRequest, context: grpc.ServicerContext
    ) -> Iterator[ocr_pb2.RecognizeDocumentResponse]:
        self._enter(request, context)
        pages = self._script.pages_for(request.pages.ranges)
        start = ocr_pb2.DocumentStart(
            page_count=9,
            selected_page_count=self._script.page_count or len(pages),
            media_type="application/pdf",
        )
        yield ocr_pb2.RecognizeDocumentResponse(start=start)
        if self._script.breaks:
            for number in self._script.breaks.pop(0):
                (page,) = (each for each in pages if each.page_number == number)
                yield ocr_pb2.RecognizeDocumentResponse(page=page)
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        for page in pages:
            yield ocr_pb2.RecognizeDocumentResponse(page=page)
        self._hang(context)
        if self._script.late_failures:
            _abort(context, self._script.late_failures.pop(0))
        failed_count = sum(page.HasField("error") for page in pages)
        end = ocr_pb2.DocumentEnd(
            ok_page_count=len(pages) - failed_count, failed_page_count=failed_count
        )
        yield ocr_pb2.RecognizeDocumentResponse(end=end)

    def RecognizeLines(  # noqa: N802 # gRPC's name
        self, request: ocr_pb2.RecognizeLinesRequest, context: grpc.ServicerContext
    ) -> ocr_pb2.RecognizeLinesResponse:
        self._enter(request, context)
        lines = [
            page_pb2.LineText(text=f"line {number}", score=0.5, angle=180)
            for number, _ in enumerate(request.lines)
        ]
        return ocr_pb2.RecognizeLinesResponse(lines=lines)

    def RecognizeStream(  # noqa: N802 # gRPC's name
        self,
        request_iterator: Iterator[ocr_pb2.RecognizeStreamRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[ocr_pb2.RecognizeStreamResponse]:
        """Answers every document, when its last message has come, with the pages of the script."""
        self._enter(None, context)
        for message in request_iterator:
            self._script.messages.append(message)
            header, chunk = message.header, message.chunk
            if chunk.last or header.source.WhichOneof("kind") is not None:
                yield from self._document(header.document_id or chunk.document_id)
        self._hang(context)

    def _document(self, document_id: str) -> Iterator[ocr_pb2.RecognizeStreamResponse]:
        def answer(**event: object) -> ocr_pb2.RecognizeStreamResponse:
            return ocr_pb2.RecognizeStreamResponse(document_id=document_id, **event)  # type: ignore[arg-type] # one of its events

        if self._script.document_failures:
            error = self._script.document_failures.pop(0)
            yield answer(end=ocr_pb2.DocumentEnd(error=error))
            return
        count = len(self._script.pages)
        yield answer(start=ocr_pb2.DocumentStart(page_count=9, selected_page_count=count))
        for page in self._script.pages:
            yield answer(page=page)
        yield answer(end=ocr_pb2.DocumentEnd(ok_page_count=count))

    def _enter(self, request: object | None, context: grpc.ServicerContext) -> None:
        context.add_callback(self._script.caller_has_gone.set)
        self._script.peers.add(context.peer())
        if request is not None:
            if self._script.requests:
                self._script.has_been_asked_again.set()
            self._script.requests.append(request)
        self._script.metadata = dict(context.invocation_metadata())
        if self._script.failures:
            _abort(context, self._script.failures.pop(0))

    def _hang(self, context: grpc.ServicerContext) -> None:
        if self._script.hangs:
            self._script.caller_has_gone.wait(WAIT_S)


class ScriptedModels(models_pb2_grpc.ModelServiceServicer):
    def ListModels(  # noqa: N802 # gRPC's name
        self, request: models_pb2.ListModelsRequest, context: grpc.ServicerContext
    ) -> models_pb2.ListModelsResponse:
        model = models_pb2.Model(name="PP-OCRv4_mobile_rec", engine="fake", is_default=True)
        return models_pb2.ListModelsResponse(models=[model])

    def GetServerInfo(  # noqa: N802 # gRPC's name
        self, request: models_pb2.GetServerInfoRequest, context: grpc.ServicerContext
    ) -> models_pb2.GetServerInfoResponse:
        info = models_pb2.GetServerInfoResponse(version="1.2.3", max_document_pages=500)
        info.defaults.text_det_limit_side_len = 960
        info.defaults.text_det_thresh = 0.3
        return info


@pytest.fixture
def script() -> Iterator[Script]:
    """The script of a server that is up, at `script.target`."""
    script = Script()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=4),
        options=[("grpc.max_receive_message_length", 8 * 1024 * 1024)],
    )
    ocr_pb2_grpc.add_OcrServiceServicer_to_server(ScriptedOcr(script), server)
    models_pb2_grpc.add_ModelServiceServicer_to_server(ScriptedModels(), server)
    health_pb2_grpc.add_HealthServicer_to_server(_health(), server)
    script.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield script
    script.caller_has_gone.set()
    server.stop(grace=None).wait(WAIT_S)


def _health() -> health.HealthServicer:
    servicer = health.HealthServicer()
    servicer.set("inkstream.v1.OcrService", HealthCheckResponse.SERVING)
    return servicer


def _abort(context: grpc.ServicerContext, status: status_pb2.Status) -> NoReturn:
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    trailing: list[tuple[str, str | bytes]] = [
        ("grpc-status-details-bin", status.SerializeToString())
    ]
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        trailing.append(("grpc-retry-pushback-ms", str(_pushback_ms(status))))
    context.set_trailing_metadata(tuple(trailing))
    context.abort(code, status.message)


def _pushback_ms(status: status_pb2.Status) -> int:
    """As the server has it: what its RetryInfo says, and -1 where it has none."""
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        if detail.Unpack(retry):
            return int(retry.retry_delay.ToMilliseconds())
    return -1
