"""What a CPU worker can be asked to do: the tasks as values, without the code that does them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from inkstream_server.document.page_size import PageSize
from inkstream_server.errors import OcrError
from inkstream_server.models.line_family import LineFamily
from inkstream_server.stages.captions import Caption
from inkstream_server.stages.detection import DetectionParams
from inkstream_server.stages.regions import Polygon, Region
from inkstream_server.stages.unwarping import Warp
from inkstream_server.workers.memory import ArrayHandle
from inkstream_server.workers.spool import FileHandle
from inkstream_server.workers.task import Task


@dataclass(frozen=True, slots=True)
class RawLayout:
    """How decoded pixels lie in a document's content."""

    height_px: int
    width_px: int
    channel_count: int


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document whose bytes lie in shared memory or in a file. Any CPU worker can open it."""

    document_id: int
    content: ArrayHandle | FileHandle
    password: str = ""
    raw: RawLayout | None = None


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    media_type: str
    page_count: int


@dataclass(frozen=True, slots=True)
class OpenDocument(Task[DocumentSummary]):
    """Tell what the document is."""

    document: DocumentRef


@dataclass(frozen=True, slots=True)
class MeasurePage(Task[PageSize]):
    """Tell, from headers alone, the size that drawing the page will give."""

    document: DocumentRef
    page_number: int
    dpi: int | None


class FitFor(Enum):
    """The model that a page is fitted for, or what the classifier of pages sees of it."""

    DETECTION = "detection"
    PAGE_MIDDLE = "page_middle"
    TEXT_TILES = "text_tiles"
    UNWARPING = "unwarping"


@dataclass(frozen=True, slots=True)
class DrawPage(Task[None]):
    """Decode or rasterise the page into `page` (H x W x 3, BGR), and fit it for a model.

    It is turned by `angle`, counter-clockwise; `page` has the shape that it has then. A page that
    was drawn before is drawn again to be turned: in its own place that could not be done twice.
    """

    document: DocumentRef
    page_number: int
    dpi: int | None
    page: ArrayHandle
    fitted: ArrayHandle
    fit_for: FitFor = FitFor.DETECTION
    angle: int = 0


@dataclass(frozen=True, slots=True)
class FitPage(Task[None]):
    """Fit a page that lies there for a model."""

    page: ArrayHandle
    fitted: ArrayHandle
    fit_for: FitFor


@dataclass(frozen=True, slots=True)
class UnwarpPage(Task[None]):
    """Sample `page` into the rows `band` of `flat`, another place, by its warp.

    With the last rows, `fitted` is where all of it is to be fitted for the detector.
    """

    page: ArrayHandle
    warp: Warp
    flat: ArrayHandle
    band: slice
    fitted: ArrayHandle | None


@dataclass(frozen=True, slots=True)
class LineRegion:
    """A region, and the size of the crop that it makes (never empty)."""

    region: Region
    crop_height_px: int
    crop_width_px: int


@dataclass(frozen=True, slots=True)
class FindRegions(Task[list[LineRegion]]):
    """Find the text regions in a probability map."""

    probabilities: ArrayHandle
    page_height_px: int
    page_width_px: int
    params: DetectionParams


@dataclass(frozen=True, slots=True)
class CutForOrientation(Task[None]):
    """Cut lines out of the page and fit them for classifiers of orientation of this family."""

    page: ArrayHandle
    polygons: tuple[Polygon, ...]
    family: LineFamily
    lines: tuple[ArrayHandle, ...]


@dataclass(frozen=True, slots=True)
class CutLines(Task[None]):
    """Cut lines out of the page, turn those upside down, and fit them for recognition."""

    page: ArrayHandle
    polygons: tuple[Polygon, ...]
    is_upside_down: tuple[bool, ...]
    lines: tuple[ArrayHandle, ...]


@dataclass(frozen=True, slots=True)
class PageImages:
    """What there is to look at of a page, JPEG; empty where it was not asked for.

    `result`: the page as it was read, and beside it the texts. `source`: the page as decoded.
    `steps`: the page as decoded, as turned and as unwarped; empty where it was neither.
    """

    result: bytes = b""
    source: bytes = b""
    steps: bytes = b""


NO_IMAGES: Final = PageImages()


@dataclass(frozen=True, slots=True)
class ShowPage(Task[PageImages]):
    """Make the images of `page`, which lies as it was read: turned by `angle`, None if never.

    `upright` is the page before it was unwarped, if it was. The result image is made where there
    are captions, though it may be none; the others where `wants_source`.
    """

    page: ArrayHandle
    upright: ArrayHandle | None
    angle: int | None
    captions: tuple[Caption, ...] | None
    wants_source: bool


@dataclass(frozen=True, slots=True)
class MeasureCrops(Task[list[PageSize | OcrError]]):
    """Tell, from headers alone, the size of crops that came as documents of their own."""

    crops: tuple[DocumentRef, ...]


@dataclass(frozen=True, slots=True)
class FitForOrientation(Task[list[OcrError | None]]):
    """Decode crops and fit them for classifiers of orientation of this family."""

    crops: tuple[DocumentRef, ...]
    family: LineFamily
    lines: tuple[ArrayHandle, ...]


@dataclass(frozen=True, slots=True)
class FitLines(Task[list[OcrError | None]]):
    """Decode crops, turn those upside down, and fit them for recognition."""

    crops: tuple[DocumentRef, ...]
    is_upside_down: tuple[bool, ...]
    lines: tuple[ArrayHandle, ...]


@dataclass(frozen=True, slots=True)
class CloseDocument:
    """Told, not asked: nobody will ask for this document again."""

    document_id: int
