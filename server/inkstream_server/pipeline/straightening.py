"""Brings a page before the detector: drawn, and where asked for turned upright and made flat."""

from __future__ import annotations

from dataclasses import replace

from inkstream_server.models.recipe import PageView
from inkstream_server.pipeline.results import NOT_CLASSIFIED
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.pipeline.sheet import Sheet
from inkstream_server.pipeline.steps import PageSteps
from inkstream_server.stages import doc_orientation, unwarping, warp_sampling
from inkstream_server.workers.arena import Arena, Lease
from inkstream_server.workers.cpu_tasks import DrawPage, FitFor, FitPage, UnwarpPage
from inkstream_server.workers.memory import ArrayHandle, size_bytes
from inkstream_server.workers.model_tasks import ClassifyPage, FindWarp, ModelBucket

_FIT_FOR = {PageView.MIDDLE: FitFor.PAGE_MIDDLE, PageView.TEXT_TILES: FitFor.TEXT_TILES}
_AS_IT_WAS_DRAWN = 0
_UNWARPER_PX = unwarping.INPUT_SHAPE[1:]


def model_calls(settings: PageSettings) -> list[ModelBucket]:
    """What models do for a page here, whatever its size."""
    calls = []
    if settings.doc_orientation_model is not None:
        side_px = doc_orientation.INPUT_PX[settings.page_view]
        calls.append(ModelBucket(settings.doc_orientation_model, (side_px, side_px)))
    if settings.doc_unwarping_model is not None:
        calls.append(ModelBucket(settings.doc_unwarping_model, _UNWARPER_PX))
    return calls


class Straightener:
    """First `look` tells how the page is to be turned and unwarped; `lay` leaves it so.

    In between the page lies as it was drawn, or turned already: memory for the detector is taken
    only once its size is known.
    """

    def __init__(self, steps: PageSteps, tensors: Arena) -> None:
        self._steps = steps
        self._tensors = tensors

    async def look(self, sheet: Sheet) -> Sheet:
        return await self._find_warp(await self._classify(sheet))

    async def lay(self, sheet: Sheet, fitted: ArrayHandle, block: Lease) -> None:
        """Put the page where `sheet.pixels` says, and fit it for the detector."""
        if sheet.warp is None:
            await self._set_upright(sheet, fitted, FitFor.DETECTION, block)
            return
        height, width, _ = sheet.pixels.shape
        *others, last = warp_sampling.bands(height, width)
        for band in [*others, last]:
            room = fitted if band is last else None
            unwarp = UnwarpPage(sheet.upright, sheet.warp, sheet.pixels, band, room)
            await self._steps.on_cpu("unwarp", sheet, unwarp, [block, sheet.block])

    async def _classify(self, sheet: Sheet) -> Sheet:
        settings = sheet.job.settings
        model = settings.doc_orientation_model
        if model is None:
            return sheet
        side_px = doc_orientation.INPUT_PX[settings.page_view]
        shape = (side_px, side_px, 3)
        with await self._tensors.lease(size_bytes(shape), rank=sheet.turn) as block:
            fitted = block.array(shape)
            await self._set_upright(sheet, fitted, _FIT_FOR[settings.page_view], block)
            work = [(ModelBucket(model, (side_px, side_px)), ClassifyPage(fitted))]
            (classified,) = await self._steps.on_model("orientation", sheet, work, [block])
        return replace(sheet, angle=classified.unwrap())

    async def _find_warp(self, sheet: Sheet) -> Sheet:
        model = sheet.job.settings.doc_unwarping_model
        if model is None:
            return sheet
        shape = unwarping.INPUT_SHAPE
        with await self._tensors.lease(size_bytes(shape, "float32"), rank=sheet.turn) as block:
            fitted = block.array(shape, "float32")
            await self._set_upright(sheet, fitted, FitFor.UNWARPING, block)
            work = [(ModelBucket(model, _UNWARPER_PX), FindWarp(fitted))]
            (found,) = await self._steps.on_model("find_warp", sheet, work, [block])
        return replace(sheet, warp=found.unwrap())

    async def _set_upright(
        self, sheet: Sheet, fitted: ArrayHandle, fit_for: FitFor, block: Lease
    ) -> None:
        """Draw the page, or draw it turned if it must be, and fit it."""
        job = sheet.job
        if sheet.angle == _AS_IT_WAS_DRAWN:
            fit = FitPage(sheet.upright, fitted, fit_for)
            await self._steps.on_cpu("fit", sheet, fit, [block, sheet.block])
            return
        step, angle = ("draw", 0) if sheet.angle == NOT_CLASSIFIED else ("turn", sheet.angle)
        draw = DrawPage(
            job.document, job.page_number, job.dpi, sheet.upright, fitted, fit_for, angle
        )
        await self._steps.on_cpu(step, sheet, draw, [block, sheet.block, job.content])
