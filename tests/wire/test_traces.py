"""A server that sends its traces to a collector. It needs the extra `otel`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, FAKE_ENGINE, stubs_of
from tests.wire.http_calls import base64_of, post_body

from inkstream.v1 import ocr_pb2, source_pb2
from served import RunningServer, running_server

pytest.importorskip("opentelemetry", reason="the extra `otel` is not installed")

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

IMAGE = png(picture("one line", "another"))
BY_GRPC, BY_HTTP = "0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c"
ALONE = ("--model-workers", "1", "--cpu-workers", "1")
STAGES = {"page", "measure", "draw", "detect", "find", "cut", "recognise"}


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.spans: list[trace_pb2.Span] = []

    def Export(  # noqa: N802 - OTLP's name
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: object
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        del context
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return trace_service_pb2.ExportTraceServiceResponse()

    def names_of(self, trace_id: str) -> set[str]:
        return {span.name for span in self.spans if span.trace_id.hex() == trace_id}


@pytest.fixture(scope="module")
def collector() -> Iterator[tuple[Collector, int]]:
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield collector, port
    server.stop(None).wait()


@pytest.fixture(scope="module")
def server(collector: tuple[Collector, int]) -> Iterator[RunningServer]:
    flags = (
        f"--set=telemetry.otlp_endpoint=http://127.0.0.1:{collector[1]}",
        "--set=telemetry.sample_ratio=0",
    )
    with running_server(*FAKE_ENGINE, *ALONE, *flags) as running:
        yield running


def test_calls_of_a_trace_are_sent_with_their_stages_and_others_are_not(
    server: RunningServer, collector: tuple[Collector, int]
) -> None:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE))
    parent = ("traceparent", f"00-{BY_GRPC}-b7ad6b7169203331-01")
    body = b'{"file": "%s"}' % base64_of(IMAGE).encode()

    with stubs_of(server) as stubs:
        stubs.ocr.Recognize(request, metadata=(parent,), timeout=CALL_S)
        stubs.ocr.Recognize(request, timeout=CALL_S)
    post_body(server, body, {"traceparent": f"00-{BY_HTTP}-b7ad6b7169203331-01"})
    assert server.stop() == 0  # what is left is sent

    collected, _ = collector
    assert collected.names_of(BY_GRPC) >= STAGES | {"Recognize"}
    assert collected.names_of(BY_HTTP) >= STAGES | {"POST /ocr", "answer"}
    assert {span.trace_id.hex() for span in collected.spans} == {BY_GRPC, BY_HTTP}


def test_a_collector_that_is_gone_costs_no_call_and_no_end() -> None:
    flags = ("--set=telemetry.otlp_endpoint=http://127.0.0.1:9",)
    with running_server(*FAKE_ENGINE, *ALONE, *flags) as alone, stubs_of(alone) as stubs:
        assert stubs.read(IMAGE).lines

        started_at = time.monotonic()
        assert alone.stop() == 0

    assert time.monotonic() - started_at < CALL_S
