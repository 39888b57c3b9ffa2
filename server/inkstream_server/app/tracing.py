"""Opens and closes what traces calls, where the configuration asks for it."""

from __future__ import annotations

import asyncio
import threading
from typing import Final

from inkstream_server.telemetry.tracing import TelemetryConfig, Tracing, TracingUnavailable

# For the last spans to be sent; who takes them may be gone.
_LAST_SPANS_S: Final = 3.0


def open_tracing(config: TelemetryConfig, version: str) -> Tracing | None:
    """Raises TracingUnavailable where the packages are missing."""
    if config.otlp_endpoint is None:
        return None
    try:
        from inkstream_server.telemetry import otel  # an extra, and heavy
    except ModuleNotFoundError as error:
        raise TracingUnavailable(
            f"the Python package {error.name} is not installed, and telemetry.otlp_endpoint is set:"
            " pip install '.[server,otel]'"
        ) from error
    return otel.exporting(config, version)


async def close_tracing(tracing: Tracing | None) -> None:
    """Let it send its last spans. Nobody waits for long: its thread ends with the process."""
    if tracing is None:
        return
    closing = threading.Thread(target=tracing.close, name="last spans", daemon=True)
    closing.start()
    await asyncio.to_thread(closing.join, _LAST_SPANS_S)
