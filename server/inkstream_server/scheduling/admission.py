"""Decides whether a document is let in. It refuses at the door; it never makes anyone wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from inkstream_server.errors import (
    DeadlineTooShort,
    OcrError,
    QueueFull,
    ShuttingDown,
    StartingUp,
)
from inkstream_server.scheduling.accounts import Accounts
from inkstream_server.scheduling.backlog import Backlog, Work
from inkstream_server.scheduling.learning import DrainRate, FadingRatio
from inkstream_server.scheduling.place import Flow

# Predictions err; who might just make it is let in, and no more: what is late was done in vain.
_SURELY: Final = 0.9
_SOONEST_RETRY_S: Final = 0.1
# What a document is taken to cost before any was seen, and how many are remembered.
_FIRST_WORK_S: Final = 1.0
_REMEMBERED_COUNT: Final = 50


class Seat:
    """A document's place inside. Until more is known it is taken to need `work`, as is usual."""

    def __init__(self, flow: Flow, admission: Admission, work: Work) -> None:
        self.flow = flow
        self.predicted_s = 0.0
        self._admission = admission
        self._work = work
        self._is_inside = True
        self._page_count = 0
        self._size_bytes = 0

    def take_bytes(self, count: int) -> None:
        """Count what the document has, or as much more, among its client's bytes in flight.

        Raises ContentTooLarge or ByteQuotaFull.
        """
        accounts = self._admission.accounts
        accounts.bytes.take(self.flow.client, count, own=self._size_bytes)
        self._size_bytes += count

    def take_pages(self, count: int) -> None:
        """Count pages that are to be read among the client's in flight, until each is done.

        Raises TooManyPages or PageQuotaFull.
        """
        self._admission.accounts.pages.take(self.flow.client, count, own=self._page_count)
        self._page_count += count

    def expect(self, work: Work, *, left_s: float | None = None) -> None:
        """Tell what the document takes; `left_s` is what its caller's deadline leaves.

        Raises DeadlineTooShort where it would surely be too late; it tells when to try again only
        where that would help.
        """
        predicted_s = self._admission.predicted_s(self.flow, work)
        if left_s is not None and _SURELY * predicted_s > left_s:
            alone_s = self._admission.alone_s(work)
            raise _too_short(predicted_s, left_s, alone_s)
        self.predicted_s = predicted_s
        self._admission.note_usual(work.total_s)
        self._set(work)

    def note_page_done(self) -> None:
        """One of the pages that were expected, and taken, is done."""
        self._give_back_pages(1)
        self._set(self._work.without(self._work.page_s))

    def leave(self) -> None:
        """Nothing is expected any more, whatever is still told."""
        self._is_inside = False
        self._admission.backlog.drop(self.flow)
        self._give_back_pages(self._page_count)
        self._admission.accounts.bytes.give_back(self.flow.client, self._size_bytes)
        self._size_bytes = 0

    def _give_back_pages(self, count: int) -> None:
        count = min(count, self._page_count)  # of a document that has left all are given back
        self._admission.accounts.pages.give_back(self.flow.client, count)
        self._page_count -= count

    def _set(self, work: Work) -> None:
        self._work = work
        if self._is_inside:
            self._admission.backlog.set(self.flow, work)


class Admission:
    """Counts the documents inside and what they take. Closed until it is opened."""

    def __init__(
        self,
        max_documents: int,
        backlog: Backlog,
        drain: DrainRate,
        accounts: Accounts | None = None,
    ) -> None:
        """`accounts` None: no client has a limit of its own."""
        self._max_documents = max_documents
        self.accounts = Accounts() if accounts is None else accounts
        # Not the exception itself: one that is raised again and again keeps every call's frames.
        self._refusal: tuple[type[OcrError], str] | None = (
            StartingUp,
            "the server is starting; its workers warm up",
        )
        self.drain = drain
        self._usual_work = FadingRatio(_FIRST_WORK_S, _REMEMBERED_COUNT)
        self.backlog = backlog
        self.document_count = 0

    @property
    def is_open(self) -> bool:
        return self._refusal is None

    def open(self) -> None:
        """Let documents in from now on."""
        self._refusal = None

    def pause(self) -> None:
        """Let nobody in until it is opened again: there is no worker who could read anything."""
        self._refusal = StartingUp, "no worker is ready; they are being replaced"

    def close(self) -> None:
        """Let nobody in any more; who is inside stays."""
        self._refusal = ShuttingDown, "the server is shutting down"

    def predicted_s(self, flow: Flow, work: Work) -> float:
        """When a document of a flow that takes `work` would be done, in seconds from now."""
        rate = self.drain.value
        if self.document_count <= 1:  # a rate that was learned in bad times must not outlive them
            rate = max(rate, self.drain.initial)
        return self.backlog.until_done_s(flow, work) / rate

    def alone_s(self, work: Work) -> float:
        """What `work` takes where nothing else is inside, in seconds."""
        return work.total_s / max(self.drain.value, self.drain.initial)

    def retry_after_s(self, flow: Flow) -> float:
        """How long a document of the usual cost would take, were it let in now."""
        return round(
            max(self.predicted_s(flow, Work.of_one_page(self._usual_work.value)), _SOONEST_RETRY_S),
            3,
        )

    def note_usual(self, work_s: float) -> None:
        """Learn what documents cost."""
        self._usual_work.note(work_s, 1.0)

    @contextmanager
    def admit(self, flow: Flow) -> Iterator[Seat]:
        """Be inside for the block. Raises QueueFull, StartingUp or ShuttingDown."""
        if self._refusal is not None:
            kind, message = self._refusal
            raise kind(message)
        if self.document_count >= self._max_documents:
            raise QueueFull(
                f"{self.document_count} documents are being read or wait; no more are taken now",
                retry_after_s=self.retry_after_s(flow),
                documents=self.document_count,
                max_documents=self._max_documents,
            )
        self.document_count += 1
        usual = Work.of_one_page(self._usual_work.value)
        self.backlog.set(flow, usual)
        seat = Seat(flow, self, usual)
        try:
            yield seat
        finally:
            self.document_count -= 1
            seat.leave()


def _too_short(predicted_s: float, left_s: float, alone_s: float) -> DeadlineTooShort:
    times = {"predicted_s": round(predicted_s, 3), "deadline_s": round(left_s, 3)}
    if _SURELY * alone_s > left_s:
        return DeadlineTooShort(
            f"it takes about {alone_s:.2f} s even when nothing else is read, and the deadline "
            f"leaves {left_s:.2f} s",
            **times,
        )
    return DeadlineTooShort(
        f"it would take about {predicted_s:.2f} s, and the deadline leaves {left_s:.2f} s",
        retry_after_s=round(max(predicted_s - left_s, _SOONEST_RETRY_S), 3),
        **times,
    )
