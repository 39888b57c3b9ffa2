"""What a CPU worker does with crops that came as documents of their own: measure, decode, fit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TypeVar

import numpy as np

from inkstream_server.document.opened import Document
from inkstream_server.document.page_size import PageSize
from inkstream_server.errors import OcrError
from inkstream_server.stages import recognition, textline_orientation
from inkstream_server.workers.cpu_tasks import (
    DocumentRef,
    FitForOrientation,
    FitLines,
    MeasureCrops,
)
from inkstream_server.workers.memory import ArrayHandle, SharedMemory

R = TypeVar("R")


class CropReader:
    """Of each crop, the first page counts; what is wrong with it is its own."""

    def __init__(
        self, memory: SharedMemory, open_document: Callable[[DocumentRef], Document]
    ) -> None:
        self._memory = memory
        self._open = open_document

    def measure(self, task: MeasureCrops) -> list[PageSize | OcrError]:
        return [self._read(ref, lambda document: document.page_size(1, None)) for ref in task.crops]

    def fit_for_orientation(self, task: FitForOrientation) -> list[OcrError | None]:
        classifier = textline_orientation.classifier_of(task.family)

        def fit(document: Document, line: ArrayHandle) -> None:
            fitted = textline_orientation.fit(document.draw(1, None), classifier)
            np.copyto(self._memory.view(line), fitted)

        return [
            self._read(ref, partial(fit, line=line))
            for ref, line in zip(task.crops, task.lines, strict=True)
        ]

    def fit_lines(self, task: FitLines) -> list[OcrError | None]:
        def fit(document: Document, line: ArrayHandle, *, is_upside_down: bool) -> None:
            pixels = document.draw(1, None)
            if is_upside_down:
                pixels = textline_orientation.turn(pixels)
            np.copyto(self._memory.view(line), recognition.fit(pixels, line.shape))

        jobs = zip(task.crops, task.is_upside_down, task.lines, strict=True)
        return [
            self._read(ref, partial(fit, line=line, is_upside_down=is_upside_down))
            for ref, is_upside_down, line in jobs
        ]

    def _read(self, ref: DocumentRef, act: Callable[[Document], R]) -> R | OcrError:
        try:
            with closing(self._open(ref)) as document:
                return act(document)
        except OcrError as error:
            return error
