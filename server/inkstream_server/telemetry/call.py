"""What is known of the call that the current task works for. How calls are answered is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

from inkstream_server.errors import OcrError


class Span(Protocol):
    """A part of a call's work that is being traced."""

    def note(self, **facts: str | float) -> None:
        """Tell more of it."""


Stage = Callable[[str, Mapping[str, str | float]], AbstractContextManager[Span]]
"""Traces a part of a call's work, by its name and what is known of it."""


@dataclass(slots=True)
class CallFacts:
    """One call, to whose facts everything adds that works for it.

    `principal` is who calls, where that was proven. `reason` is how it ended, and `outcome` who has
    to act then.
    """

    request_id: str
    method: str
    peer: str
    principal: str = ""
    reason: str = "OK"
    outcome: str = "ok"
    page_count: int = 0
    failed_page_count: int = 0
    line_count: int = 0
    # None: the call is not traced.
    stage: Stage | None = None

    def fail(self, error: OcrError) -> None:
        self.reason, self.outcome = error.reason, error.fault.value

    def cancel(self, reason: str) -> None:
        """It ended because its caller went away, or would not wait any longer."""
        self.reason, self.outcome = reason, "cancelled"


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
