"""Decides how large a worker may grow before it is replaced. It neither measures nor replaces."""

from __future__ import annotations

from typing import Final

LEAST_BYTES: Final = 1536 << 20
GROWTH_BYTES: Final = 1 << 30
"""What engines keep of shapes that come up, beside all that was loaded and compiled at the start.
A worker that has just started must never be over: it would be replaced for ever."""


def watermark_bytes(configured: int | None, warm_bytes: int) -> int:
    """What is configured; else by what the worker had when it was warm, its models in it."""
    if configured is not None:
        return configured
    return max(LEAST_BYTES, warm_bytes + GROWTH_BYTES)
