"""Reads inputs side by side and gives their pages in the order of the inputs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Final, TypeAlias

from inkstream.documents import Document
from inkstream.errors import InkstreamError
from inkstream.paddlex.inputs import Input
from inkstream.results import DocumentStart, Page
from inkstream.sources import Source

# Of every input that waits for its turn. A server gives a call up whose answers are not taken.
_PAGES_AHEAD: Final = 8
_LOOK_AGAIN_S: Final = 0.1
# How long a server that is busy is asked again.
_PATIENCE_S: Final = 300.0
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0
# The media types whose pages PaddleX counts.
_COUNTED: Final = frozenset({"application/pdf", "image/tiff"})
_UNREAD: Final = "ANSWERS_UNREAD"
_QUEUE_FULL: Final = "QUEUE_FULL"

OpenDocument: TypeAlias = Callable[[Source, str], Document]
"""Opens a source from the pages that the text selects."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page, of which input, and its place in it: from 0, None for a picture of one page.

    `page_count` is the input's.
    """

    page: Page
    input_path: str | None
    page_index: int | None
    page_count: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What cannot be read, an input or one page of it, and why."""

    input_path: str | None
    error: Exception


Outcome: TypeAlias = ReadPage | Unreadable


def read_in_order(
    inputs: Iterable[Input], open_document: OpenDocument, input_count: int
) -> Iterator[Outcome]:
    """At most `input_count` inputs are read at once. To be closed where it is left early.

    The inputs are taken in another thread, so that what is ready never waits for the next of them.
    What they raise is raised after the outcomes of those before.
    """
    drawing = _Drawing(inputs, open_document, input_count)
    try:
        for reading in drawing.readings():
            yield from reading.outcomes()
    finally:
        drawing.cancel()


class _Drawing:
    """Takes the inputs in a thread of its own, as there is room, and begins to read each.

    After `cancel` none is taken any more; one that is being waited for just then is left.
    """

    def __init__(
        self, inputs: Iterable[Input], open_document: OpenDocument, input_count: int
    ) -> None:
        self._open_document = open_document
        self._room = threading.Semaphore(input_count)
        # No more readings than there was room for, and how it ended.
        self._drawn: Queue[_Reading | BaseException | None] = Queue()
        self._being_taken: _Reading | None = None
        self._is_cancelled = threading.Event()
        threading.Thread(
            target=self._run, args=(iter(inputs),), name="inkstream inputs", daemon=True
        ).start()

    def readings(self) -> Iterator[_Reading]:
        while isinstance(drawn := self._drawn.get(), _Reading):
            self._being_taken = drawn
            yield drawn
            self._room.release()
        if drawn is not None:
            raise drawn

    def cancel(self) -> None:
        self._is_cancelled.set()
        self._room.release()
        if self._being_taken is not None:
            self._being_taken.cancel()
        with suppress(Empty):
            while True:
                drawn = self._drawn.get_nowait()
                if isinstance(drawn, _Reading):
                    drawn.cancel()

    def _run(self, inputs: Iterator[Input]) -> None:
        try:
            while self._has_room() and (given := next(inputs, None)) is not None:
                self._begin(given)
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: told to who takes it
            self._drawn.put(error)
        else:
            self._drawn.put(None)

    def _has_room(self) -> bool:
        self._room.acquire()
        return not self._is_cancelled.is_set()

    def _begin(self, given: Input) -> None:
        reading = _Reading(given, self._open_document)
        self._drawn.put(reading)
        if self._is_cancelled.is_set():  # perhaps just after `cancel` had looked
            reading.cancel()


class _Reading:
    """One input, read in a thread of its own."""

    def __init__(self, given: Input, open_document: OpenDocument) -> None:
        self._input = given
        self._open_document = open_document
        self._outcomes: Queue[Outcome | None] = Queue(_PAGES_AHEAD)
        self._document: Document | None = None
        self._is_cancelled = threading.Event()
        threading.Thread(target=self._run, name="inkstream input", daemon=True).start()

    def outcomes(self) -> Iterator[Outcome]:
        while (outcome := self._outcomes.get()) is not None:
            yield outcome

    def cancel(self) -> None:
        self._is_cancelled.set()
        self._input.stop()
        if self._document is not None:
            self._document.close()

    def _run(self) -> None:
        try:
            self._read(self._input.load())
        except Exception as error:  # noqa: BLE001 - the thread's boundary: told to who takes it
            self._put(Unreadable(self._input.input_path, error))
        self._put(None)

    def _read(self, source: Source) -> None:
        progress = _Progress()
        while not self._is_cancelled.is_set() and not progress.is_done:
            try:
                self._read_on(source, progress)
            except InkstreamError as error:
                pause_s = progress.pause_s(error, now=time.monotonic())
                if pause_s is None:
                    raise
                self._is_cancelled.wait(pause_s)

    def _read_on(self, source: Source, progress: _Progress) -> None:
        with self._open_document(source, progress.pages_left) as document:
            self._document = document
            if self._is_cancelled.is_set():  # before it could be seen
                return
            for event in document.events():
                if self._is_cancelled.is_set():
                    return
                if isinstance(event, DocumentStart):
                    progress.started(event)
                elif isinstance(event, Page):
                    self._put(self._outcome(event, progress))
                    progress.has_read(event)
        progress.is_done = True

    def _outcome(self, page: Page, progress: _Progress) -> Outcome:
        if page.error is not None:
            return Unreadable(self._input.input_path, page.error.as_error())
        index = page.page_number - 1 if progress.counts_pages else None
        return ReadPage(page, self._input.input_path, index, progress.page_count)

    def _put(self, outcome: Outcome | None) -> None:
        while not self._is_cancelled.is_set():
            try:
                self._outcomes.put(outcome, timeout=_LOOK_AGAIN_S)
            except Full:
                continue
            return


class _Progress:
    """How far an input has been read, and whether it is worth going on after a failure."""

    def __init__(self) -> None:
        self.is_done = False
        self.counts_pages = False
        self.page_count = 0
        self._last_page = 0
        self._busy_since: float | None = None
        self._pause_s = _FIRST_PAUSE_S

    @property
    def pages_left(self) -> str:
        return f"{self._last_page + 1}-" if self._last_page else ""

    def started(self, start: DocumentStart) -> None:
        self.page_count = start.page_count
        self.counts_pages = start.media_type in _COUNTED or start.page_count > 1

    def has_read(self, page: Page) -> None:
        self._last_page = page.page_number
        self._busy_since = None
        self._pause_s = _FIRST_PAUSE_S
        self.is_done = self._last_page == self.page_count

    def pause_s(self, error: InkstreamError, now: float) -> float | None:
        """How long to wait before the rest is asked for; None where that would not help."""
        if error.reason == _UNREAD:
            return 0.0
        if not _is_refused_for_now(error):
            return None
        self._busy_since = now if self._busy_since is None else self._busy_since
        if now - self._busy_since > _PATIENCE_S:
            return None
        pause_s = max(self._pause_s, error.retry_after_s or 0.0)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        return pause_s


def _is_refused_for_now(error: InkstreamError) -> bool:
    """Whether the server said that waiting helps; of uploads in parts only its reason comes."""
    return error.retry_after_s is not None or error.reason == _QUEUE_FULL
