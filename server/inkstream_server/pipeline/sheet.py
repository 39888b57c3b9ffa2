"""A page that is being read: what was asked, where its pixels lie, and what it has waited for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from inkstream_server.pipeline.dispatcher import Outcome
from inkstream_server.pipeline.results import NOT_CLASSIFIED, PageTiming
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.stages import doc_orientation
from inkstream_server.workers.arena import Lease
from inkstream_server.workers.cpu_tasks import DocumentRef
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.memory import ArrayHandle


@dataclass(frozen=True, slots=True)
class PageJob:
    """One page to read. `document`'s bytes stay where they are until the page is done."""

    document: DocumentRef
    content: Hold
    page_number: int
    dpi: int | None
    settings: PageSettings
    flow: Flow

    @property
    def place(self) -> Place:
        return Place(self.flow, self.page_number)


@dataclass(slots=True)
class Account:
    """What a page has waited for so far, and in what company its lines were read."""

    started_at: float
    queued_s: float = 0.0
    lines_s: float = 0.0
    batch_counts: list[int] = field(default_factory=list)

    def waited(self, outcomes: Sequence[Outcome[object]]) -> None:
        """Items of one step wait side by side: the longest wait is the page's."""
        self.queued_s += max((outcome.waited_s for outcome in outcomes), default=0.0)

    def timing(self) -> PageTiming:
        count = len(self.batch_counts)
        mean = sum(self.batch_counts) / count if count else 0.0
        return PageTiming(time.monotonic() - self.started_at, self.queued_s, mean)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page in hand: its turn, its pixels (H x W x 3) and the block that they lie in.

    `angle` tells how it was turned, or is to be, counter-clockwise; or NOT_CLASSIFIED.
    """

    job: PageJob
    turn: int
    block: Lease
    pixels: ArrayHandle
    account: Account
    angle: int = NOT_CLASSIFIED

    def turned(self) -> Sheet:
        """The sheet once its page is turned: in the same place, of another shape."""
        height, width, channels = self.pixels.shape
        turned = doc_orientation.turned_size(height, width, max(0, self.angle))
        return replace(self, pixels=self.block.array((*turned, channels)))
