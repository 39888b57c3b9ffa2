"""What a trace tells of a call, for whoever works for it. What traces are made with is `otel`'s.

While nothing is traced a stage costs one look at a context variable, and nothing is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from pydantic import BaseModel, Field

from inkstream_server.errors import Fault, OcrError
from inkstream_server.telemetry.call import CallFacts, Span, current_call

PARENT_KEYS: Final = ("traceparent", "tracestate")
"""Metadata, or headers, by which a caller says which trace its call belongs to (W3C)."""


class TelemetryConfig(BaseModel, frozen=True, extra="forbid"):
    """Where traces go."""

    # http://host:4317 or https://…: what takes OTLP over gRPC. None: nothing is traced.
    otlp_endpoint: str | None = Field(default=None, pattern="^https?://.+")
    # Of calls that belong to no trace yet; the others do as their caller decided.
    sample_ratio: float = Field(default=1.0, ge=0.0, le=1.0)


class TracingUnavailable(OcrError):
    """Traces are asked for, and what makes them is not installed."""

    reason = "TRACING_UNAVAILABLE"
    fault = Fault.SETUP


class Tracing(Protocol):
    """Makes spans of calls."""

    def call(self, call: CallFacts, parent: Mapping[str, str]) -> AbstractContextManager[object]:
        """Trace a call within the block. `parent`: what its caller says of PARENT_KEYS."""

    def close(self) -> None:
        """Send what is left. It may take some seconds."""


class _Unseen:
    """A span that nobody looks at."""

    def note(self, **facts: str | float) -> None:
        del facts


_UNTRACED: Final[AbstractContextManager[Span]] = nullcontext(_Unseen())


def stage(name: str, **facts: str | float) -> AbstractContextManager[Span]:
    """Trace a part of the work for the current call within the block, if that is traced."""
    call = current_call()
    if call is None or call.stage is None:
        return _UNTRACED
    return call.stage(name, facts)


def traced(
    tracing: Tracing | None, call: CallFacts, parent: Mapping[str, str]
) -> AbstractContextManager[object]:
    """Trace the call within the block, where calls are traced."""
    return _UNTRACED if tracing is None else tracing.call(call, parent)
