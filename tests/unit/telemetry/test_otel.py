"""What a trace tells of calls and pages. It needs the extra `otel`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from tests.pictures import picture, png
from tests.reading_room import BOOK
from tests.unit.pipeline.in_process import in_process_room

from inkstream_server.errors import ImageDamaged, InternalError, OcrError
from inkstream_server.front.calls import Calls
from inkstream_server.pipeline.intake import DocumentJob
from inkstream_server.pipeline.results import Page
from inkstream_server.pipeline.settings import PageWishes
from inkstream_server.scheduling.priority import Priority
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.tracing import stage

pytest.importorskip("opentelemetry", reason="the extra `otel` is not installed")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from inkstream_server.telemetry.otel import OtelTracing

IMAGE = png(picture("one line", "another"))
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-00"}


class Traced:
    """Calls whose spans stay here."""

    def __init__(self, sample_ratio: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        tracing = OtelTracing(SimpleSpanProcessor(self._exporter), "1", sample_ratio)
        self.calls = Calls(Metrics(), max_unread_s=1.0, tracing=tracing)

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}

    def run(self, parent: Mapping[str, str], error: OcrError | None = None) -> None:
        async def call() -> None:
            with self.calls.counted("Recognize", "id-7", "peer", parent) as record:
                with suppress(OcrError), stage("detect", items=2) as span:
                    span.note(queue_wait_s=0.5)
                    if error is not None:
                        raise error
                if error is not None:
                    record.fail(error)

        asyncio.run(call())


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    number: int = span.context.span_id
    return number


def test_a_call_is_a_span_with_its_stages_below() -> None:
    traced = Traced()

    traced.run({})

    call, step = traced.spans["Recognize"], traced.spans["detect"]
    assert call.parent is None and call.kind is SpanKind.SERVER
    assert step.parent is not None and step.parent.span_id == id_of(call)
    assert told(step) == {"inkstream.items": 2, "inkstream.queue_wait_s": 0.5}
    assert told(call)["inkstream.request_id"] == "id-7"
    assert told(call)["inkstream.reason"] == "OK"
    assert call.status.status_code is StatusCode.UNSET


def test_a_callers_trace_goes_on() -> None:
    traced = Traced(sample_ratio=0.0)

    traced.run(PARENT)

    call = traced.spans["Recognize"]
    assert call.context is not None and f"{call.context.trace_id:032x}" == TRACE_ID
    assert call.parent is not None and f"{call.parent.span_id:016x}" == "b7ad6b7169203331"


@pytest.mark.parametrize("parent", [UNSAMPLED, {}, {"traceparent": "nonsense"}])
def test_what_is_not_sampled_leaves_nothing(parent: dict[str, str]) -> None:
    traced = Traced(sample_ratio=0.0)

    traced.run(parent)

    assert traced.spans == {}


def test_of_a_failure_the_reason_alone_is_told() -> None:
    traced = Traced()

    traced.run({}, ImageDamaged("the secret of the file"))

    step, call = traced.spans["detect"], traced.spans["Recognize"]
    assert told(step)["inkstream.reason"] == told(call)["inkstream.reason"] == "IMAGE_DAMAGED"
    assert step.status.status_code is StatusCode.ERROR
    assert call.status.status_code is StatusCode.UNSET  # the server did as it should
    assert "secret" not in step.to_json() + call.to_json()
    assert not step.events and not call.events


def test_a_fault_of_ours_marks_its_call() -> None:
    traced = Traced()

    traced.run({}, InternalError("a secret"))

    assert traced.spans["Recognize"].status.status_code is StatusCode.ERROR
    assert "secret" not in traced.spans["Recognize"].to_json()


def test_each_stage_of_a_page_has_a_span_with_its_queue_wait() -> None:
    traced = Traced()
    settings = BOOK.fill_in(PageWishes())
    job = DocumentJob(content=IMAGE, settings=settings, priority=Priority.BATCH)

    async def scenario() -> Page:
        async with in_process_room() as room:
            with traced.calls.counted("Recognize", "id-7", "peer", {}):
                return await room.read(job)
        raise AssertionError("it was read")

    page = asyncio.run(scenario())

    spans = traced.spans
    assert {"page", "measure", "draw", "detect", "find", "cut", "recognise"} <= spans.keys()
    for name in spans.keys() - {"Recognize", "page"}:
        parent = spans[name].parent
        assert parent is not None and parent.span_id == id_of(spans["page"])
        assert told(spans[name])["inkstream.queue_wait_s"] >= 0.0
    assert told(spans["recognise"])["inkstream.items"] == len(page.regions)
    assert told(spans["Recognize"])["inkstream.lines"] == len(page.lines) > 0
    written = "".join(span.to_json() for span in spans.values())
    assert not [line.text for line in page.lines if line.text and f'"{line.text}"' in written]
