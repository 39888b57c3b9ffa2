"""Says in one line why workers could not start, whichever and however many of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inkstream_server.errors import Fault, OcrError
from inkstream_server.workers.worker import WorkerStartFailed


class NotStarted(OcrError):
    """Workers could not start, or not any more; the message is their own cause."""

    reason = "NOT_STARTED"
    fault = Fault.SETUP


@contextmanager
def causes_told() -> Iterator[None]:
    """Turn groups of failed starts, of any depth, into one NotStarted. Other errors pass."""
    causes: list[str] = []
    try:
        yield
    except* (WorkerStartFailed, NotStarted) as failures:
        # Every worker fails alike: each cause is told once.
        causes = sorted({str(failure) for failure in _leaves(failures)})
    if causes:  # not above: what is raised there becomes a group
        raise NotStarted("; ".join(causes))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
