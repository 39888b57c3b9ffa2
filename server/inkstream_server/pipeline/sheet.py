"""A page that is being read: what was asked, where its pixels lie, and what it has waited for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from inkstream_server.document.page_size import PageSize
from inkstream_server.pipeline.dispatcher import Outcome
from inkstream_server.pipeline.frames import PageFrame
from inkstream_server.pipeline.results import NOT_CLASSIFIED, PageTiming
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.stages import doc_orientation
from inkstream_server.stages.unwarping import Warp
from inkstream_server.workers.arena import Lease
from inkstream_server.workers.cpu_tasks import DocumentRef
from inkstream_server.workers.free_list import aligned
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.memory import ArrayHandle, size_bytes


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


def block_bytes(size: PageSize, settings: PageSettings) -> int:
    """What a page takes up: one that is unwarped lies beside itself as it was before."""
    own_bytes = size_bytes(size.shape)
    if settings.doc_unwarping_model is None:
        return own_bytes
    return aligned(own_bytes) + own_bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page in hand: its turn, the block that it lies in, and how it is to be read.

    `size` is its size as drawn. `angle` tells how it is turned, counter-clockwise; or
    NOT_CLASSIFIED. `warp`: how it is unwarped then, if it is.
    """

    job: PageJob
    turn: int
    block: Lease
    size: PageSize
    account: Account
    angle: int = NOT_CLASSIFIED
    warp: Warp | None = None

    @property
    def upright(self) -> ArrayHandle:
        """The page as it is drawn, turned where that is known (H x W x 3)."""
        return self.block.array(self._upright_shape)

    @property
    def pixels(self) -> ArrayHandle:
        """The page as it is read."""
        if self.warp is None:
            return self.upright
        return self.block.array(self._upright_shape, skip=aligned(size_bytes(self.size.shape)))

    @property
    def frame(self) -> PageFrame:
        """The way from the page as it is read to where its results are told."""
        return PageFrame(self.job.settings.frame, self.size, self.angle, self.warp)

    @property
    def _upright_shape(self) -> tuple[int, int, int]:
        size = self.size.height_px, self.size.width_px
        height, width = doc_orientation.turned_size(*size, max(0, self.angle))
        return height, width, 3
