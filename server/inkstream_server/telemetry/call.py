"""What is known of the call that the current task works for. How calls are answered is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class CallFacts:
    """One call, to whose facts everything adds that works for it.

    `principal` is who calls, where that was proven. `reason` is how it ended.
    """

    request_id: str
    method: str
    peer: str
    principal: str = ""
    reason: str = "OK"
    page_count: int = 0
    failed_page_count: int = 0
    line_count: int = 0


_CURRENT: Final[ContextVar[CallFacts | None]] = ContextVar("inkstream_call", default=None)


def current_call() -> CallFacts | None:
    """The call that this task, or the one that started it, works for; None where there is none."""
    return _CURRENT.get()


@contextmanager
def working_for(call: CallFacts) -> Iterator[None]:
    """Have the current task, and those that it starts, work for the call within the block."""
    token = _CURRENT.set(call)
    try:
        yield
    finally:
        _CURRENT.reset(token)
