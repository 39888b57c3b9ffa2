"""Reads one page: the production line as one coroutine. Batches form behind its awaits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inkstream_server.document.page_size import PageSize
from inkstream_server.pipeline.assembling import assemble, captions, text_line
from inkstream_server.pipeline.dispatcher import Dispatcher
from inkstream_server.pipeline.fitted_lines import (
    UPSIDE_DOWN,
    LineFit,
    classifications,
    lay_out,
    orientation_shape,
    portions,
    recognitions,
    total_bytes,
)
from inkstream_server.pipeline.gate import PageGate
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.pipeline.results import NOT_CLASSIFIED, Page, TextLine
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.pipeline.sheet import Account, PageJob, Sheet, block_bytes
from inkstream_server.pipeline.steps import PageSteps
from inkstream_server.pipeline.straightening import Straightener, model_calls
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.stages import detection
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.stages.regions import Polygon
from inkstream_server.telemetry.tracing import stage
from inkstream_server.workers.arena import Arena
from inkstream_server.workers.cpu_tasks import (
    NO_IMAGES,
    CutForOrientation,
    CutLines,
    DocumentRef,
    DocumentSummary,
    FindRegions,
    LineRegion,
    MeasurePage,
    OpenDocument,
    PageImages,
    ShowPage,
)
from inkstream_server.workers.free_list import aligned
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.memory import size_bytes
from inkstream_server.workers.model_tasks import Detect, ModelBucket


@dataclass(frozen=True, slots=True)
class MeasuredPage:
    """A page whose size is known: what is detected on, and what reading it will probably take."""

    job: PageJob
    size: PageSize
    bucket: ModelBucket
    work_s: float
    started_at: float
    waited_s: float


@dataclass(frozen=True, slots=True)
class Pools:
    """Who does the work."""

    cpu: Dispatcher
    models: Dispatcher


@dataclass(frozen=True, slots=True)
class PageArenas:
    """Where pages' pixels lie, and what goes into and comes out of models."""

    pages: Arena
    tensors: Arena


@dataclass(frozen=True, slots=True)
class _Line:
    """A line on its way to its text."""

    found: LineRegion
    fit: LineFit


class PagePipeline:
    """The production line. One object serves all pages; nothing of a page is kept in it.

    Memory is taken in one direction only - a page's pixels first, then a block for one step at a
    time, given back before the next - so that pages never wait for each other in a ring.
    """

    def __init__(
        self,
        pools: Pools,
        arenas: PageArenas,
        gate: PageGate,
        work: PageWork,
        widths_of: Callable[[str], LineWidths],
    ) -> None:
        """`widths_of` tells, for a recogniser, what widths its lines are padded to."""
        self._cpu = pools.cpu
        self._pages = arenas.pages
        self._tensors = arenas.tensors
        steps = PageSteps(pools.cpu, pools.models)
        self._on_cpu = steps.on_cpu
        self._on_model = steps.on_model
        self._straightener = Straightener(steps, arenas.tensors)
        self._gate = gate
        self._work = work
        self._widths_of = widths_of

    async def open(self, document: DocumentRef, content: Hold, flow: Flow) -> DocumentSummary:
        """Tell what a document is. Raises OcrError."""
        with stage("open") as span:
            task = OpenDocument(document)
            outcome = await self._cpu.run("open", task, place=Place(flow), leases=[content])
            span.note(queue_wait_s=outcome.waited_s)
            return outcome.unwrap()

    async def measure(self, job: PageJob) -> MeasuredPage:
        """Tell how large a page is, from its headers alone, and so what it will probably take."""
        started_at = time.monotonic()
        task = MeasurePage(job.document, job.page_number, job.dpi)
        with stage("measure") as span:
            outcome = await self._cpu.run("measure", task, place=job.place, leases=[job.content])
            span.note(queue_wait_s=outcome.waited_s)
            size = outcome.unwrap()
        bucket = _detection_bucket(size, job.settings)
        recogniser = job.settings.text_rec_model
        work_s = self._work.expected_s(bucket, recogniser, model_calls(job.settings))
        return MeasuredPage(job, size, bucket, work_s, started_at, outcome.waited_s)

    async def read(self, measured: MeasuredPage) -> Page:
        """Read a page when its turn comes. Raises the OcrError of the step that failed."""
        job, size = measured.job, measured.size
        account = Account(measured.started_at, measured.waited_s)
        arrived_at = time.monotonic()
        try:
            async with self._gate.passing(job.place, measured.work_s) as turn:
                account.queued_s += time.monotonic() - arrived_at
                room_bytes = block_bytes(size, job.settings)
                with await self._pages.lease(room_bytes, rank=turn) as block:
                    sheet = Sheet(job, turn, block, size, account)
                    sheet = await self._straightener.look(sheet)
                    found = await self._find_regions(sheet)
                    lines = await self._read_lines(sheet, found)
                    images = await self._show(sheet, lines)
            self._work.note(
                measured.bucket,
                job.settings.text_rec_model,
                account.lines_s,
                now=time.monotonic(),
                before=model_calls(job.settings),
            )
        finally:
            self._work.note_inside(self._gate.inside_count)
        return assemble(sheet, found, lines, images)

    async def _find_regions(self, sheet: Sheet) -> list[LineRegion]:
        """Lay the page down as it is read, and detect on it."""
        height, width, _ = sheet.pixels.shape
        settings = sheet.job.settings
        bucket = _detection_bucket(PageSize(height, width), settings)
        image_bytes = aligned(size_bytes((*bucket.shape, 3)))
        map_bytes = size_bytes(bucket.shape, "float32")
        with await self._tensors.lease(image_bytes + map_bytes, rank=sheet.turn) as block:
            image = block.array((*bucket.shape, 3))
            probabilities = block.array(bucket.shape, "float32", skip=image_bytes)
            await self._straightener.lay(sheet, image, block)
            detect = Detect(image, probabilities)
            (detected,) = await self._on_model("detect", sheet, [(bucket, detect)], [block])
            detected.unwrap()
            find = FindRegions(probabilities, height, width, settings.detection)
            return await self._on_cpu("find", sheet, find, [block])

    async def _read_lines(self, sheet: Sheet, found: Sequence[LineRegion]) -> list[TextLine]:
        lines: list[TextLine] = []
        settings = sheet.job.settings
        fitted = self._fit_lines(found, settings.text_rec_model)
        for portion in portions(fitted, settings.lines_classified_by):
            angles = await self._orient(sheet, portion)
            lines += await self._recognise(sheet, portion, angles)
        return lines

    async def _orient(self, sheet: Sheet, portion: Sequence[_Line]) -> list[int]:
        """Each line's angle, 0 or 180; NOT_CLASSIFIED where the module is off."""
        settings = sheet.job.settings
        model, family = settings.textline_orientation_model, settings.line_family
        if model is None:
            return [NOT_CLASSIFIED] * len(portion)
        shapes = [
            orientation_shape(line.found.crop_height_px, line.found.crop_width_px, family)
            for line in portion
        ]
        with await self._tensors.lease(total_bytes(shapes), rank=sheet.turn) as block:
            crops = lay_out(block, shapes)
            cut = CutForOrientation(sheet.pixels, _polygons(portion), family, crops)
            await self._on_cpu("cut", sheet, cut, [block, sheet.block])
            work = classifications(model, family, crops)
            outcomes = await self._on_model("line_orientation", sheet, work, [block])
        return [UPSIDE_DOWN if each.unwrap().is_upside_down else 0 for each in outcomes]

    async def _recognise(
        self, sheet: Sheet, portion: Sequence[_Line], angles: Sequence[int]
    ) -> list[TextLine]:
        model = sheet.job.settings.text_rec_model
        shapes = [line.fit.shape for line in portion]
        with await self._tensors.lease(total_bytes(shapes), rank=sheet.turn) as block:
            crops = lay_out(block, shapes)
            upside_down = tuple(angle == UPSIDE_DOWN for angle in angles)
            cut = CutLines(sheet.pixels, _polygons(portion), upside_down, crops)
            await self._on_cpu("cut", sheet, cut, [block, sheet.block])
            fits = [line.fit for line in portion]
            wants_words = sheet.job.settings.additions.words
            work = recognitions(model, crops, fits, wants_words=wants_words)
            outcomes = await self._on_model("recognise", sheet, work, [block])
        sheet.account.batch_counts += [outcome.batch_count for outcome in outcomes]
        sheet.account.lines_s += self._work.of(bucket for bucket, _ in work)
        texts = [outcome.unwrap() for outcome in outcomes]
        return [
            text_line(read, line.found.region.polygon, angle)
            for read, line, angle in zip(texts, portion, angles, strict=True)
        ]

    async def _show(self, sheet: Sheet, lines: Sequence[TextLine]) -> PageImages:
        """Make the images that are asked for of the page as it was read."""
        additions = sheet.job.settings.additions
        if not (additions.result_image or additions.page_images):
            return NO_IMAGES
        angle = None if sheet.angle == NOT_CLASSIFIED else sheet.angle
        told = captions(lines, sheet.job.settings) if additions.result_image else None
        upright = None if sheet.warp is None else sheet.upright
        show = ShowPage(sheet.pixels, upright, angle, told, additions.page_images)
        return await self._on_cpu("show", sheet, show, [sheet.block])

    def _fit_lines(self, found: Sequence[LineRegion], model: str) -> list[_Line]:
        widths = self._widths_of(model)
        return [
            _Line(each, LineFit.of(each.crop_height_px, each.crop_width_px, widths))
            for each in found
        ]


def _detection_bucket(size: PageSize, settings: PageSettings) -> ModelBucket:
    params = settings.detection
    fitted = detection.input_size(
        size.height_px, size.width_px, params.limit_side_len, params.limit_type
    )
    return ModelBucket(settings.text_det_model, fitted)


def _polygons(portion: Sequence[_Line]) -> tuple[Polygon, ...]:
    return tuple(line.found.region.polygon for line in portion)
