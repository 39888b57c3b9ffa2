"""What recognition answers with, as frozen values. `decoding.py` reads them off the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias

import grpc

from inkstream.errors import InkstreamError
from inkstream.geometry import Box, Polygon
from inkstream.server import Settings
from inkstream.v1 import ocr_pb2, page_pb2


class Frame(Enum):
    """The image that coordinates are in."""

    SOURCE = "source"  # as it was sent, or the PDF page as rasterised
    UNWARPED = "unwarped"  # after unwarping, which the server could not undo
    READ = "read"  # as it was read: turned and unwarped


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one page, line or document failed, while the call went on."""

    code: grpc.StatusCode
    reason: str  # stable, for programs: PDF_PASSWORD_REQUIRED
    message: str  # for people

    def as_error(self) -> InkstreamError:
        return InkstreamError(self.message, code=self.code, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Word:
    """A word (Latin script) or character (CJK) of a line, or what stands between two of them."""

    text: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text. `angle` is 0 or 180, or None where line orientation did not run."""

    text: str
    score: float
    polygon: Polygon
    box: Box
    angle: int | None
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """A region in which text was detected, with its mean text probability.

    `angle` is that of the line in it, also of one whose text was left out; see `TextLine`.
    """

    polygon: Polygon
    score: float
    angle: int | None


@dataclass(frozen=True, slots=True)
class PageTiming:
    """Where the server's time for a page went; `queued_s` is a part of `total_s`."""

    total_s: float
    queued_s: float
    mean_batch_size: float


@dataclass(frozen=True, slots=True)
class Page:
    """One page's text, its lines in reading order.

    Where `error` is set the page failed, and only `page_number` means anything beside it.
    `doc_angle` is the counter-clockwise rotation that was applied to read the page, None where
    document orientation did not run. `visualization`, `input_image` and
    `preprocessing_visualization` are JPEGs, empty where none was asked for.
    `message` is what came over the wire, for its JSON form and for fields newer than this class.
    """

    page_number: int
    width: int
    height: int
    lines: tuple[TextLine, ...]
    detections: tuple[Detection, ...]
    doc_angle: int | None
    frame: Frame
    settings: Settings
    timing: PageTiming
    visualization: bytes = field(repr=False)
    input_image: bytes = field(repr=False)
    preprocessing_visualization: bytes = field(repr=False)
    error: Failure | None
    message: page_pb2.Page = field(repr=False, compare=False)

    @property
    def text(self) -> str:
        """The texts of all lines, one a line."""
        return "\n".join(line.text for line in self.lines)

    def raise_for_error(self) -> None:
        """Raises the page's failure as an InkstreamError, if it has one."""
        if self.error is not None:
            raise self.error.as_error()


@dataclass(frozen=True, slots=True)
class LineText:
    """The text of one crop. Where `error` is set this line failed, and nothing else is set."""

    text: str
    score: float
    angle: int | None
    error: Failure | None


@dataclass(frozen=True, slots=True)
class DocumentStart:
    """What a document is. The first event of its stream."""

    page_count: int
    selected_page_count: int
    media_type: str
    message: ocr_pb2.DocumentStart = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class DocumentEnd:
    """A document's totals. Its last event.

    `error` is set where the document as a whole failed; only documents of `recognize_stream` end
    so, the failure of one that was read alone is raised.
    """

    ok_page_count: int
    failed_page_count: int
    elapsed_s: float
    error: Failure | None
    message: ocr_pb2.DocumentEnd = field(repr=False, compare=False)


DocumentEvent: TypeAlias = DocumentStart | Page | DocumentEnd


class StreamEvent(NamedTuple):
    """One event of one of the documents of a stream."""

    document_id: str
    event: DocumentEvent
