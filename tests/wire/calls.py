"""How the tests talk to a server: stubs on a channel, and what an error says."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2_grpc

from inkstream.v1 import models_pb2_grpc, ocr_pb2, ocr_pb2_grpc, page_pb2, source_pb2
from served import RunningServer, running_server

CALL_S = 30.0
DETAILS_KEY = "grpc-status-details-bin"
PUSHBACK_KEY = "grpc-retry-pushback-ms"

FAKE_ENGINE = ("--engine", "fake", "--set=models.doc_orientation=null")
"""The fake page classifier takes the side with the most ink for a page's top, which is its own
tests' matter."""


@dataclass(frozen=True)
class Stubs:
    channel: grpc.Channel
    ocr: ocr_pb2_grpc.OcrServiceStub
    models: models_pb2_grpc.ModelServiceStub
    health: health_pb2_grpc.HealthStub

    def read(self, content: bytes) -> page_pb2.Page:
        request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=content))
        return self.ocr.Recognize(request, timeout=CALL_S).page

    def read_document(
        self, request: ocr_pb2.RecognizeDocumentRequest
    ) -> list[ocr_pb2.RecognizeDocumentResponse]:
        return list(self.ocr.RecognizeDocument(request, timeout=CALL_S))


@contextmanager
def well_server(*flags: str) -> Iterator[RunningServer]:
    """A server with the fake engine, which has to be well when the block is left."""
    with running_server(*FAKE_ENGINE, *flags) as running:
        yield running
        assert running.stop() == 0
        assert "Traceback" not in running.log_text()


@contextmanager
def stubs_of(server: RunningServer) -> Iterator[Stubs]:
    with grpc.insecure_channel(server.target) as channel:
        yield Stubs(
            channel,
            ocr_pb2_grpc.OcrServiceStub(channel),
            models_pb2_grpc.ModelServiceStub(channel),
            health_pb2_grpc.HealthStub(channel),
        )


def document_request(content: bytes, **fields: object) -> ocr_pb2.RecognizeDocumentRequest:
    request = ocr_pb2.RecognizeDocumentRequest(**fields)  # type: ignore[arg-type] # a test's own
    request.source.content = content
    return request


def pages_of(events: list[ocr_pb2.RecognizeDocumentResponse]) -> list[page_pb2.Page]:
    return [event.page for event in events if event.HasField("page")]


def reading(page: page_pb2.Page) -> bytes:
    """All of a page but the time that it took."""
    copy = page_pb2.Page()
    copy.CopyFrom(page)
    copy.ClearField("timing")
    return copy.SerializeToString(deterministic=True)


@dataclass(frozen=True)
class Refusal:
    """What a failed call tells."""

    code: grpc.StatusCode
    message: str
    reason: str
    domain: str
    facts: dict[str, str]
    field: str
    request_id: str
    retry_s: float
    pushback_ms: int | None


def refusal(error: grpc.RpcError) -> Refusal:
    assert isinstance(error, grpc.Call)
    trailing = dict(error.trailing_metadata() or ())
    raw = trailing.get(DETAILS_KEY, b"")
    assert isinstance(raw, bytes)
    status = status_pb2.Status.FromString(raw)
    cause = error_details_pb2.ErrorInfo()
    request = error_details_pb2.RequestInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for packed in status.details:
        for message in (cause, request, bad, retry):
            packed.Unpack(message)
    if raw:
        assert status.code == error.code().value[0]
        assert status.message == error.details()
    return Refusal(
        code=error.code(),
        message=error.details() or "",
        reason=cause.reason,
        domain=cause.domain,
        facts=dict(cause.metadata),
        field=bad.field_violations[0].field if bad.field_violations else "",
        request_id=request.request_id,
        retry_s=retry.retry_delay.ToTimedelta().total_seconds(),
        pushback_ms=int(trailing[PUSHBACK_KEY]) if PUSHBACK_KEY in trailing else None,
    )


def http_get(server: RunningServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{server.http_port}{path}", timeout=CALL_S
        ) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def metric(server: RunningServer, line_start: str) -> float:
    """The value of a metric; 0 where it has none yet."""
    _, text = http_get(server, "/metrics")
    for line in text.splitlines():
        if line.startswith(line_start + " "):
            return float(line.rpartition(" ")[2])
    return 0.0
