"""Reads one page: the production line as one coroutine. Batches form behind its awaits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, TypeVar

from inkstream_server.document.page_size import PageSize
from inkstream_server.pipeline.dispatcher import Dispatcher, Outcome
from inkstream_server.pipeline.results import NOT_CLASSIFIED, Page, PageTiming, TextLine
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.stages import detection, recognition, textline_orientation
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.stages.regions import Polygon
from inkstream_server.workers.arena import Arena, Lease
from inkstream_server.workers.cpu_tasks import (
    CutForOrientation,
    CutLines,
    DocumentRef,
    DrawPage,
    FindRegions,
    LineRegion,
    MeasurePage,
)
from inkstream_server.workers.free_list import aligned
from inkstream_server.workers.memory import ArrayHandle, size_bytes
from inkstream_server.workers.model_tasks import Classify, Detect, ModelBucket, Recognise
from inkstream_server.workers.task import Task

# Lines are cut and recognised in portions of about this size, so that a page with a thousand of
# them takes no more shared memory than one with a hundred.
_PORTION_BYTES: Final = 16 << 20
_CACHE_LINE_BYTES: Final = 64
_UPSIDE_DOWN: Final = 180

Shape = tuple[int, ...]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class PageJob:
    """One page to read. `document`'s bytes stay where they are until the page is done."""

    document: DocumentRef
    content: Lease
    page_number: int
    dpi: int | None
    settings: PageSettings
    rank: float


@dataclass(slots=True)
class _Account:
    """What a page has waited for so far, and in what company its lines were read."""

    started_at: float
    queued_s: float = 0.0
    batch_counts: list[int] = field(default_factory=list)

    def waited(self, outcomes: Sequence[Outcome[object]]) -> None:
        """Items of one step wait side by side: the longest wait is the page's."""
        self.queued_s += max((outcome.waited_s for outcome in outcomes), default=0.0)

    def timing(self) -> PageTiming:
        count = len(self.batch_counts)
        mean = sum(self.batch_counts) / count if count else 0.0
        return PageTiming(time.monotonic() - self.started_at, self.queued_s, mean)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A page in hand: its pixels (H x W x 3) and the block that they lie in."""

    job: PageJob
    block: Lease
    pixels: ArrayHandle
    account: _Account


@dataclass(frozen=True, slots=True)
class _Line:
    """A line on its way to its text, and the shape (48 x w x 3) that it is fitted to."""

    found: LineRegion
    shape: Shape
    padded_px: int


class PagePipeline:
    """The production line. One object serves all pages; nothing of a page is kept in it.

    Memory is taken in one direction only - a page's pixels first, then a block for one step at a
    time, given back before the next - so that pages never wait for each other in a ring.
    """

    def __init__(
        self,
        cpu: Dispatcher,
        models: Dispatcher,
        pages: Arena,
        tensors: Arena,
        widths_of: Callable[[str], LineWidths],
    ) -> None:
        """`widths_of` tells, for a recogniser, what widths its lines are padded to."""
        self._cpu = cpu
        self._models = models
        self._pages = pages
        self._tensors = tensors
        self._widths_of = widths_of

    async def read(self, job: PageJob) -> Page:
        """Read a page. Raises the OcrError of the step that failed."""
        account = _Account(time.monotonic())
        size = await self._measure(job, account)
        with await self._pages.lease(size_bytes(size.shape), rank=job.rank) as block:
            sheet = _Sheet(job, block, block.array(size.shape), account)
            found = await self._draw_and_detect(sheet)
            lines: list[TextLine] = []
            for portion in _portions(self._fit(found, job.settings.text_rec_model)):
                angles = await self._orient(sheet, portion)
                lines += await self._recognise(sheet, portion, angles)
        return _assemble(job, size, found, lines, account)

    async def _measure(self, job: PageJob, account: _Account) -> PageSize:
        task = MeasurePage(job.document, job.page_number, job.dpi)
        outcome = await self._cpu.run("measure", task, rank=job.rank, leases=[job.content])
        account.waited([outcome])
        return outcome.unwrap()

    async def _draw_and_detect(self, sheet: _Sheet) -> list[LineRegion]:
        job, params = sheet.job, sheet.job.settings.detection
        height, width, _ = sheet.pixels.shape
        fitted = detection.input_size(height, width, params.limit_side_len, params.limit_type)
        image_bytes = aligned(size_bytes((*fitted, 3)))
        map_bytes = size_bytes(fitted, "float32")
        with await self._tensors.lease(image_bytes + map_bytes, rank=job.rank) as block:
            image = block.array((*fitted, 3))
            probabilities = block.array(fitted, "float32", skip=image_bytes)
            draw = DrawPage(job.document, job.page_number, job.dpi, sheet.pixels, image)
            await self._on_cpu("draw", sheet, draw, [block, sheet.block, job.content])
            bucket = ModelBucket(job.settings.text_det_model, fitted)
            detect = (bucket, Detect(image, probabilities), fitted[0] * fitted[1])
            (detected,) = await self._on_model(sheet, [detect], [block])
            detected.unwrap()
            find = FindRegions(probabilities, height, width, params)
            return await self._on_cpu("find", sheet, find, [block])

    async def _orient(self, sheet: _Sheet, portion: Sequence[_Line]) -> list[int]:
        """Each line's angle, 0 or 180; NOT_CLASSIFIED where the module is off."""
        model = sheet.job.settings.textline_orientation_model
        if model is None:
            return [NOT_CLASSIFIED] * len(portion)
        family = textline_orientation.classifier_of(model)
        shapes = [
            textline_orientation.fitted_shape(
                line.found.crop_height_px, line.found.crop_width_px, family
            )
            for line in portion
        ]
        with await self._tensors.lease(_total_bytes(shapes), rank=sheet.job.rank) as block:
            crops = _lay_out(block, shapes)
            cut = CutForOrientation(sheet.pixels, _polygons(portion), model, crops)
            await self._on_cpu("cut", sheet, cut, [block, sheet.block])
            bucket = ModelBucket(model, (family.height_px, family.width_px))
            cost = family.height_px * family.width_px
            work = [(bucket, Classify(crop), cost) for crop in crops]
            outcomes = await self._on_model(sheet, work, [block])
        return [_UPSIDE_DOWN if each.unwrap().is_upside_down else 0 for each in outcomes]

    async def _recognise(
        self, sheet: _Sheet, portion: Sequence[_Line], angles: Sequence[int]
    ) -> list[TextLine]:
        model = sheet.job.settings.text_rec_model
        shapes = [line.shape for line in portion]
        with await self._tensors.lease(_total_bytes(shapes), rank=sheet.job.rank) as block:
            crops = _lay_out(block, shapes)
            upside_down = tuple(angle == _UPSIDE_DOWN for angle in angles)
            cut = CutLines(sheet.pixels, _polygons(portion), upside_down, crops)
            await self._on_cpu("cut", sheet, cut, [block, sheet.block])
            work = [
                (ModelBucket(model, (line.padded_px,)), Recognise(crop), _padded_pixels(line))
                for crop, line in zip(crops, portion, strict=True)
            ]
            outcomes = await self._on_model(sheet, work, [block])
        sheet.account.batch_counts += [outcome.batch_count for outcome in outcomes]
        texts = [outcome.unwrap() for outcome in outcomes]
        return [
            TextLine(read.text, read.score, line.found.region.polygon, angle)
            for read, line, angle in zip(texts, portion, angles, strict=True)
        ]

    def _fit(self, found: Sequence[LineRegion], model: str) -> list[_Line]:
        widths = self._widths_of(model)
        sizes = [
            recognition.line_width(each.crop_height_px, each.crop_width_px, widths)
            for each in found
        ]
        return [
            _Line(each, (recognition.LINE_HEIGHT_PX, fitted, 3), padded)
            for each, (fitted, padded) in zip(found, sizes, strict=True)
        ]

    async def _on_cpu(self, step: str, sheet: _Sheet, task: Task[R], leases: Sequence[Lease]) -> R:
        outcome = await self._cpu.run(step, task, rank=sheet.job.rank, leases=leases)
        sheet.account.waited([outcome])
        return outcome.unwrap()

    async def _on_model(
        self,
        sheet: _Sheet,
        work: Sequence[tuple[ModelBucket, Task[R], int]],
        leases: Sequence[Lease],
    ) -> list[Outcome[R]]:
        outcomes = await self._models.run_all(work, rank=sheet.job.rank, leases=leases)
        sheet.account.waited(outcomes)
        return outcomes


def _assemble(
    job: PageJob,
    size: PageSize,
    found: Sequence[LineRegion],
    lines: Sequence[TextLine],
    account: _Account,
) -> Page:
    threshold = job.settings.text_rec_score_thresh
    return Page(
        page_number=job.page_number,
        width_px=size.width_px,
        height_px=size.height_px,
        lines=tuple(line for line in lines if line.score >= threshold),
        regions=tuple(each.region for each in found),
        settings=job.settings,
        timing=account.timing(),
    )


def _portions(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    portion: list[_Line] = []
    taken_bytes = 0
    for line in lines:
        line_bytes = size_bytes(line.shape)
        if portion and taken_bytes + line_bytes > _PORTION_BYTES:
            yield portion
            portion, taken_bytes = [], 0
        portion.append(line)
        taken_bytes += line_bytes
    if portion:
        yield portion


def _padded_pixels(line: _Line) -> int:
    return line.padded_px * recognition.LINE_HEIGHT_PX


def _polygons(portion: Sequence[_Line]) -> tuple[Polygon, ...]:
    return tuple(line.found.region.polygon for line in portion)


def _total_bytes(shapes: Sequence[Shape]) -> int:
    return sum(_spaced(shape) for shape in shapes)


def _lay_out(block: Lease, shapes: Sequence[Shape]) -> tuple[ArrayHandle, ...]:
    """Handles of uint8 arrays of these shapes, one behind the other in the block."""
    starts = accumulate((_spaced(shape) for shape in shapes), initial=0)
    return tuple(
        block.array(shape, skip=start) for shape, start in zip(shapes, starts, strict=False)
    )


def _spaced(shape: Shape) -> int:
    """Bytes from one array's start to the next one's: whole cache lines."""
    return aligned(size_bytes(shape), _CACHE_LINE_BYTES)
