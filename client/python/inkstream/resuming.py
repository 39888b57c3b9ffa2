"""Decides whether a document whose answer broke off is asked for again, when, and for which pages.

It makes no call and holds no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import grpc

from inkstream.errors import InkstreamError
from inkstream.results import DocumentEnd, DocumentStart, Page
from inkstream.v1 import ocr_pb2

# The server went away, or says that it is about to; or it was ended while it cancelled its calls.
_AWAY: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
# Refusals that pass with time; where the server still counts what broke off as its caller's too.
_BUSY: Final = frozenset(
    {"QUEUE_FULL", "SPOOL_FULL", "REQUEST_QUOTA_FULL", "PAGE_QUOTA_FULL", "BYTE_QUOTA_FULL"}
)
_FIRST_DELAY_S: Final = 0.2
_LONGEST_DELAY_S: Final = 5.0
_SPAN: Final = re.compile(r"\s*([0-9]+)\s*(-?)\s*([0-9]*)\s*")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: `resume_s` from when an answer broke off, while no page comes.

    `upload_count`: how often a document is sent of which nothing has come, where it goes up in
    parts, which gRPC does not send again by itself. `timeout_s`: for all of it.
    """

    resume_s: float
    upload_count: int
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Retry:
    """What to ask for next, as a request selects pages: after `delay_s`, and within `timeout_s`."""

    pages: str
    delay_s: float
    timeout_s: float | None


class Resumption:
    """Follows one document over its calls. Of what it lets through nothing comes twice."""

    def __init__(self, pages: str, patience: Patience, *, now: float) -> None:
        self._pages = pages
        self._patience = patience
        self._began_at = now
        self._start: DocumentStart | None = None
        self._had: set[int] = set()
        self._failed_count = 0
        self._broken_at: float | None = None
        self._try_count = 0
        self._has_resumed = False

    def takes_start(self, start: DocumentStart) -> bool:
        """Whether it is the first. Raises InkstreamError where it is of another document."""
        if self._start is None:
            self._start = start
            return True
        before = self._start
        if (start.page_count, start.media_type) == (before.page_count, before.media_type):
            return False
        raise InkstreamError(
            "the answer broke off, and the document is another one now: "
            f"{start.page_count} pages of {start.media_type}",
            code=grpc.StatusCode.ABORTED,
            reason="DOCUMENT_CHANGED",
        )

    def takes_page(self, page: Page) -> bool:
        """Whether it has not come before."""
        if page.page_number in self._had:
            return False
        self._had.add(page.page_number)
        self._failed_count += page.error is not None
        self._broken_at, self._try_count = None, 0
        return True

    def whole(self, end: DocumentEnd, *, now: float) -> DocumentEnd:
        """The end of the document, where `end` may be that of its missing pages."""
        return self._own_end(now) if self._has_resumed else end

    def after(
        self, error: InkstreamError, *, is_upload: bool, now: float, jitter: float
    ) -> Retry | DocumentEnd | None:
        """What follows a call that ended so; None: nothing, it is the document's own end.

        `jitter`, from 0 to 1, keeps clients of one server from coming back all at once.
        """
        if self._start is None:
            may_pass = is_upload and error.code in _AWAY and self._has_tries
            return self._retry(self._pages, error, now, jitter) if may_pass else None
        missing = _missing(self._pages, self._start, self._had)
        if missing is None or not self._may_pass(error, now):
            return None
        if not missing:
            return self._own_end(now)
        self._has_resumed = True
        return self._retry(_written(missing), error, now, jitter)

    @property
    def _has_tries(self) -> bool:
        return self._try_count + 1 < self._patience.upload_count

    def _may_pass(self, error: InkstreamError, now: float) -> bool:
        waited_s = 0.0 if self._broken_at is None else now - self._broken_at
        is_busy = self._has_resumed and error.reason in _BUSY
        return (is_busy or error.code in _AWAY) and waited_s < self._patience.resume_s

    def _retry(self, pages: str, error: InkstreamError, now: float, jitter: float) -> Retry | None:
        self._broken_at = now if self._broken_at is None else self._broken_at
        usual_s = min(_FIRST_DELAY_S * 2**self._try_count, _LONGEST_DELAY_S)
        delay_s = max(usual_s * (0.5 + jitter / 2), error.retry_after_s or 0.0)
        self._try_count += 1
        if self._patience.timeout_s is None:
            return Retry(pages, delay_s, None)
        left_s = self._began_at + self._patience.timeout_s - now - delay_s
        return Retry(pages, delay_s, left_s) if left_s > 0 else None

    def _own_end(self, now: float) -> DocumentEnd:
        """What the server would have told last."""
        ok_count, elapsed_s = len(self._had) - self._failed_count, now - self._began_at
        message = ocr_pb2.DocumentEnd(ok_page_count=ok_count, failed_page_count=self._failed_count)
        message.elapsed.FromMilliseconds(int(1000 * elapsed_s))
        return DocumentEnd(ok_count, self._failed_count, elapsed_s, None, message)


def _missing(pages: str, start: DocumentStart, had: set[int]) -> list[int] | None:
    """The pages still to come, rising; None where the server's count of all is another one."""
    selected = _selected(pages, start.page_count)
    if len(selected) != start.selected_page_count:
        return None
    return [number for number in selected if number not in had]


def _selected(pages: str, page_count: int) -> list[int]:
    """The numbers that a selection stands for which the server has understood."""
    if not pages.strip():
        return list(range(1, page_count + 1))
    numbers: set[int] = set()
    for span in map(_SPAN.fullmatch, pages.split(",")):
        if span is not None:
            first, dash, last = span.groups()
            end = int(last) if last else page_count if dash else int(first)
            numbers.update(range(int(first), min(end, page_count) + 1))
    return sorted(numbers)


def _written(numbers: Iterable[int]) -> str:
    """Rising page numbers, as a request selects them."""
    return ",".join(_spans(numbers))


def _spans(numbers: Iterable[int]) -> Iterator[str]:
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}"
