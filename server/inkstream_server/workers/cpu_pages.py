"""What a CPU worker does to lay a page before a model: draw it turned, unwarp, and fit it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkstream_server.document.opened import Document
from inkstream_server.errors import InternalError
from inkstream_server.models.recipe import PageView
from inkstream_server.stages import detection, doc_orientation, unwarping, warp_sampling
from inkstream_server.workers.cpu_tasks import (
    DocumentRef,
    DrawPage,
    FitFor,
    FitPage,
    UnwarpPage,
)
from inkstream_server.workers.memory import ArrayHandle, SharedMemory

LayingTask: TypeAlias = DrawPage | FitPage | UnwarpPage


class PageLayer:
    """Pages lie in shared memory, and so does what they are fitted to."""

    def __init__(
        self, memory: SharedMemory, open_document: Callable[[DocumentRef], Document]
    ) -> None:
        self._memory = memory
        self._open = open_document

    def lay(self, task: LayingTask) -> None:
        match task:
            case DrawPage():
                self._draw(task)
            case FitPage():
                self._fit(self._memory.view(task.page), task.fitted, task.fit_for)
            case UnwarpPage():
                self._unwarp(task)

    def _draw(self, task: DrawPage) -> None:
        drawn = self._open(task.document).draw(task.page_number, task.dpi)
        page = doc_orientation.turn(drawn, task.angle)
        if page.shape != task.page.shape:
            raise InternalError(f"a page of {task.page.shape} was drawn as {page.shape}")
        shared = self._memory.view(task.page)
        np.copyto(shared, page)
        self._fit(shared, task.fitted, task.fit_for)

    def _unwarp(self, task: UnwarpPage) -> None:
        flat = self._memory.view(task.flat)
        warp_sampling.unwarp(self._memory.view(task.page), task.warp, flat, task.band)
        if task.fitted is not None:
            self._fit(flat, task.fitted, FitFor.DETECTION)

    def _fit(self, page: NDArray[np.uint8], fitted: ArrayHandle, fit_for: FitFor) -> None:
        room = self._memory.view(fitted)
        match fit_for:
            case FitFor.DETECTION:
                height, width, _ = fitted.shape
                np.copyto(room, detection.fit(page, (height, width)))
            case FitFor.PAGE_MIDDLE:
                np.copyto(room, doc_orientation.fit(page, PageView.MIDDLE))
            case FitFor.TEXT_TILES:
                np.copyto(room, doc_orientation.fit(page, PageView.TEXT_TILES))
            case FitFor.UNWARPING:
                np.copyto(room, unwarping.shrink(page))
