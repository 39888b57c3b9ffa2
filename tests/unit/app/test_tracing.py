from __future__ import annotations

import importlib.util

import pytest

from inkstream_server.app.tracing import open_tracing
from inkstream_server.telemetry.tracing import TelemetryConfig, TracingUnavailable

WITHOUT_OTEL = importlib.util.find_spec("opentelemetry") is None


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert open_tracing(TelemetryConfig(), "1") is None


@pytest.mark.skipif(not WITHOUT_OTEL, reason="the extra `otel` is installed")
def test_without_the_extra_it_says_what_to_install() -> None:
    with pytest.raises(TracingUnavailable, match=r"\[server,otel\]"):
        open_tracing(TelemetryConfig(otlp_endpoint="http://localhost:4317"), "1")
