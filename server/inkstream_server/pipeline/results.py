"""What reading gives: pages, and the events that a document's pages come in. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from inkstream_server.errors import OcrError
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.stages.regions import Polygon, Region
from inkstream_server.stages.words import Word
from inkstream_server.workers.cpu_tasks import NO_IMAGES, PageImages

NOT_CLASSIFIED = -1
"""The angle of a line, or a page, whose orientation was not looked at."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line: `score` in 0..1, `angle` 0 or 180 or NOT_CLASSIFIED."""

    text: str
    score: float
    polygon: Polygon
    angle: int
    # In reading order, where they were asked for.
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A crop of one line, read: `score` in 0..1, `angle` 0 or 180 or NOT_CLASSIFIED."""

    text: str
    score: float
    angle: int


@dataclass(frozen=True, slots=True)
class PageTiming:
    """Where a page's time went. `queued_s` is the part of `total_s` spent waiting for batches."""

    total_s: float
    queued_s: float
    mean_batch_size: float


@dataclass(frozen=True, slots=True)
class Page:
    """One page as read. All coordinates, and the size, are those of `frame`.

    `angle` tells how it was turned to be read: counter-clockwise degrees, or NOT_CLASSIFIED.
    `region_angles` are those of the regions' lines, also of lines that were left out.
    """

    page_number: int
    width_px: int
    height_px: int
    lines: tuple[TextLine, ...]
    regions: tuple[Region, ...]
    region_angles: tuple[int, ...]
    settings: PageSettings
    timing: PageTiming
    angle: int = NOT_CLASSIFIED
    frame: Frame = Frame.SOURCE
    images: PageImages = NO_IMAGES


@dataclass(frozen=True, slots=True)
class FailedPage:
    """A page that could not be read; the document's other pages go on."""

    page_number: int
    error: OcrError


@dataclass(frozen=True, slots=True)
class ImageRead:
    """An image's page. `predicted_s`: what reading it was expected to take when it was let in."""

    page: Page
    predicted_s: float


@dataclass(frozen=True, slots=True)
class DocumentStart:
    """`predicted_s`: what reading it all is expected to take."""

    media_type: str
    page_count: int
    selected_page_count: int
    predicted_s: float


@dataclass(frozen=True, slots=True)
class DocumentEnd:
    ok_page_count: int
    failed_page_count: int
    elapsed_s: float
    # Where the document as a whole failed and its call goes on.
    error: OcrError | None = None


DocumentEvent = DocumentStart | Page | FailedPage | DocumentEnd
