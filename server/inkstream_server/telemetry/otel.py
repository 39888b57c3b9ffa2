"""Makes the spans of OpenTelemetry. What is traced is decided by who works for a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from inkstream_server.errors import Fault, OcrError
from inkstream_server.telemetry.call import CallFacts, Span
from inkstream_server.telemetry.tracing import TelemetryConfig

_PREFIX: Final = "inkstream."
_EXPORT_S: Final = 5
_OURS: Final = frozenset({Fault.SERVER.value, Fault.SETUP.value})


def exporting(config: TelemetryConfig, version: str) -> OtelTracing:
    """Spans go to the configured endpoint, in batches, from a thread of their own."""
    exporter = OTLPSpanExporter(endpoint=config.otlp_endpoint, timeout=_EXPORT_S)
    return OtelTracing(BatchSpanProcessor(exporter), version, config.sample_ratio)


class OtelTracing:
    """A span for each call, and below it one for each stage of each page."""

    def __init__(self, processor: SpanProcessor, version: str, sample_ratio: float) -> None:
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
            resource=Resource.create({SERVICE_NAME: "inkstream", SERVICE_VERSION: version}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("inkstream", version)
        self._propagator = TraceContextTextMapPropagator()

    def close(self) -> None:
        """Send what is left. It may take some seconds."""
        self._provider.shutdown()

    @contextmanager
    def call(self, call: CallFacts, parent: Mapping[str, str]) -> Iterator[None]:
        """Trace a call within the block. `parent`: W3C's traceparent and tracestate, if any."""
        with self._tracer.start_as_current_span(
            call.method,
            context=self._propagator.extract(parent),
            kind=trace.SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            if span.is_recording():
                call.stage = self._stage
            try:
                yield
            finally:
                _tell(span, call)

    @contextmanager
    def _stage(self, name: str, facts: Mapping[str, str | float]) -> Iterator[Span]:
        # An exception's text may hold what a document does: its reason alone is told.
        with self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        ) as span:
            noting = _OtelSpan(span)
            noting.note(**facts)
            try:
                yield noting
            except OcrError as error:
                noting.note(reason=error.reason)
                span.set_status(trace.StatusCode.ERROR, error.reason)
                raise


class _OtelSpan:
    """What is told of a span, under names of our own."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, **facts: str | float) -> None:
        self._span.set_attributes({f"{_PREFIX}{name}": value for name, value in facts.items()})


def _tell(span: trace.Span, call: CallFacts) -> None:
    """Tell of a call what its line in the log does, but for who called."""
    _OtelSpan(span).note(
        request_id=call.request_id,
        reason=call.reason,
        pages=call.page_count,
        failed_pages=call.failed_page_count,
        lines=call.line_count,
    )
    if call.outcome in _OURS:
        span.set_status(trace.StatusCode.ERROR, call.reason)
