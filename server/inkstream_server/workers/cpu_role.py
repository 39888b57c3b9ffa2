"""What a CPU worker does: decode, rasterise, find regions, cut lines. It runs no model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opened import Document
from inkstream_server.document.opening import open_document, open_raw_image
from inkstream_server.document.raw import RawImage
from inkstream_server.errors import InternalError, OcrError
from inkstream_server.stages import (
    crop,
    recognition,
    textline_orientation,
)
from inkstream_server.stages.regions import Polygon, find_regions
from inkstream_server.workers.cpu_crops import CropReader
from inkstream_server.workers.cpu_images import show
from inkstream_server.workers.cpu_pages import PageLayer
from inkstream_server.workers.cpu_tasks import (
    CloseDocument,
    CutForOrientation,
    CutLines,
    DocumentRef,
    DocumentSummary,
    DrawPage,
    FindRegions,
    FitForOrientation,
    FitLines,
    FitPage,
    LineRegion,
    MeasureCrops,
    MeasurePage,
    OpenDocument,
    ShowPage,
    UnwarpPage,
)
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.spool import FileHandle

# A document is read page by page, by whichever worker is free; opening it anew for every page
# would cost more than some pages do. The server tells when one is done with.
_OPEN_DOCUMENT_COUNT: Final = 8


class CpuRole:
    """Runs the tasks of `cpu_tasks`, one at a time."""

    def __init__(self, memory: SharedMemory, limits: DocumentLimits) -> None:
        self._memory = memory
        self._limits = limits
        self._documents: OrderedDict[int, Document] = OrderedDict()
        self._crops = CropReader(memory, self._open)
        self._pages = PageLayer(memory, self._document)

    @property
    def models(self) -> Sequence[LoadedModel]:
        return ()

    def run(self, key: object, items: Sequence[object]) -> Sequence[object]:
        return [self._outcome(item) for item in items]

    def tell(self, item: object) -> None:
        assert isinstance(item, CloseDocument), item
        document = self._documents.pop(item.document_id, None)
        if document is not None:
            document.close()

    def _outcome(self, task: object) -> object:
        try:
            return self._do(task)
        except OcrError as error:
            return error
        except MemoryError as error:
            return InternalError(f"out of memory: {error}")

    def _do(self, task: object) -> object:
        match task:
            case OpenDocument(document=ref):
                return self._summary(ref)
            case MeasurePage(document=ref, page_number=number, dpi=dpi):
                return self._document(ref).page_size(number, dpi)
            case MeasureCrops() | FitForOrientation() | FitLines():
                return self._do_with_crops(task)
            case _:
                return self._do_with_page(task)

    def _do_with_page(self, task: object) -> object:
        match task:
            case FindRegions():
                return self._find(task)
            case ShowPage():
                return show(self._memory, task)
            case DrawPage() | FitPage() | UnwarpPage():
                self._pages.lay(task)
            case CutForOrientation():
                self._cut_for_orientation(task)
            case CutLines():
                self._cut_lines(task)
            case _:
                raise AssertionError(task)
        return None

    def _do_with_crops(self, task: MeasureCrops | FitForOrientation | FitLines) -> object:
        match task:
            case MeasureCrops():
                return self._crops.measure(task)
            case FitForOrientation():
                return self._crops.fit_for_orientation(task)
            case FitLines():
                return self._crops.fit_lines(task)

    def _summary(self, ref: DocumentRef) -> DocumentSummary:
        document = self._document(ref)
        return DocumentSummary(document.media_type, document.page_count)

    def _find(self, task: FindRegions) -> list[LineRegion]:
        probabilities = self._memory.view(task.probabilities)
        regions = find_regions(probabilities, task.page_height_px, task.page_width_px, task.params)
        sized = [LineRegion(region, *crop.crop_size(region.polygon)) for region in regions]
        return [line for line in sized if line.crop_height_px and line.crop_width_px]

    def _cut_for_orientation(self, task: CutForOrientation) -> None:
        classifier = textline_orientation.classifier_of(task.family)
        page = self._memory.view(task.page)
        for polygon, line in zip(task.polygons, task.lines, strict=True):
            fitted = textline_orientation.fit(_cut(page, polygon), classifier)
            np.copyto(self._memory.view(line), fitted)

    def _cut_lines(self, task: CutLines) -> None:
        page = self._memory.view(task.page)
        jobs = zip(task.polygons, task.is_upside_down, task.lines, strict=True)
        for polygon, is_upside_down, line in jobs:
            pixels = _cut(page, polygon)
            if is_upside_down:
                pixels = textline_orientation.turn(pixels)
            np.copyto(self._memory.view(line), recognition.fit(pixels, line.shape))

    def _document(self, ref: DocumentRef) -> Document:
        document = self._documents.get(ref.document_id)
        if document is None:
            document = self._open(ref)
            self._documents[ref.document_id] = document
            if len(self._documents) > _OPEN_DOCUMENT_COUNT:
                self._documents.popitem(last=False)[1].close()
        self._documents.move_to_end(ref.document_id)
        return document

    def _open(self, ref: DocumentRef) -> Document:
        if isinstance(ref.content, FileHandle):
            return open_document(Path(ref.content.path), ref.password, self._limits)
        content = self._memory.read(ref.content)
        if ref.raw is None:
            return open_document(content, ref.password, self._limits)
        raw = ref.raw
        image = RawImage(raw.height_px, raw.width_px, raw.channel_count, samples=content)
        return open_raw_image(image, self._limits)


def _cut(page: NDArray[np.uint8], polygon: Polygon) -> NDArray[np.uint8]:
    pixels = crop.cut(page, polygon)
    assert pixels is not None, "regions without a pixel are dropped where they are found"
    return pixels
