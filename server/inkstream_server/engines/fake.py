"""Answers without a model, from the pixels alone: what the tests run on.

Dark pixels are text. Every answer is exact arithmetic on one image of the batch, so it is the same
in every batch, on every machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.engine import (
    Device,
    EngineSettings,
    Outputs,
    Precision,
    Predictor,
)
from inkstream_server.models.files import ModelFiles, Module

STEP_PX: Final = 8
"""Of a line's width, how much makes one step."""

PLAIN_CHARACTERS: Final = tuple("abcdefghijklmnopqrstuvwxyz")
"""What a recogniser without a dictionary speaks."""

DARK: Final = -0.5
"""A normalised value below this is ink."""

WORD_GAP_PX: Final = 15
"""Ink nearer than this belongs to one region."""

WARP_ROWS: Final = 45
WARP_COLUMNS: Final = 31
"""How many points a warp has, as UVDoc's."""


@dataclass(frozen=True, slots=True)
class FakeEngine:
    """Needs no file and no package. Each run takes `delay_s` longer than its arithmetic."""

    delay_s: float = 0.0
    name: str = "fake"
    compiles_shapes: bool = False

    def version(self) -> str:
        return "1"

    def obstacle(self, model: ModelFiles, device: Device) -> str | None:
        del model, device  # it runs anything anywhere
        return None

    def load(self, model: ModelFiles, settings: EngineSettings) -> Predictor:
        del settings  # neither the device nor the precision changes an answer
        class_count = len(model.characters or PLAIN_CHARACTERS) + 2
        answers: dict[Module, Callable[[NDArray[np.float32]], Outputs]] = {
            Module.TEXT_DETECTION: _detect,
            Module.TEXT_RECOGNITION: lambda lines: _recognise(lines, class_count),
            Module.TEXTLINE_ORIENTATION: _classify_lines,
            Module.DOC_ORIENTATION: _classify_pages,
            Module.DOC_UNWARPING: _mirror,
        }
        return _FakePredictor(answers[model.module], self.delay_s)


class _FakePredictor:
    def __init__(self, answer: Callable[[NDArray[np.float32]], Outputs], delay_s: float) -> None:
        self._answer = answer
        self._delay_s = delay_s

    @property
    def precision(self) -> Precision:
        return Precision.FP32

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        if self._delay_s:
            time.sleep(self._delay_s)
        return self._answer(inputs)

    def close(self) -> None:
        pass


def _detect(pages: NDArray[np.float32]) -> Outputs:
    """Say 0.9 where ink is, or between ink of one word: N x 1 x H x W."""
    kernel = np.ones((3, WORD_GAP_PX), np.uint8)
    maps = [cv2.morphologyEx(ink, cv2.MORPH_CLOSE, kernel) for ink in _ink(pages)]
    return (np.stack(maps)[:, np.newaxis].astype(np.float32) * np.float32(0.9),)


def _recognise(lines: NDArray[np.float32], class_count: int) -> Outputs:
    """Say of each 8 px of a line a character that follows from their pixels; blank without ink."""
    count, _, _, width = lines.shape
    steps = width // STEP_PX
    ink = _ink(lines)[:, :, : steps * STEP_PX].astype(np.int64)
    rows = np.arange(1, ink.shape[1] + 1, dtype=np.int64)
    columns = np.einsum("nhw,h->nw", ink, rows).reshape(count, steps, STEP_PX)
    sums = columns @ np.arange(1, STEP_PX + 1, dtype=np.int64)
    ids = np.where(sums > 0, 1 + sums % (class_count - 1), 0)
    maxima = 0.5 + (sums % 50) / 100
    return ids.astype(np.int32), maxima.astype(np.float32)


def _classify_lines(lines: NDArray[np.float32]) -> Outputs:
    """Say that a line stands upside down when more ink is in its upper half: N x 2."""
    ink = _ink(lines).astype(np.int64)
    middle = ink.shape[1] // 2
    is_turned = ink[:, :middle].sum(axis=(1, 2)) > ink[:, middle:].sum(axis=(1, 2))
    return (np.where(is_turned[:, np.newaxis], (0.05, 0.95), (0.95, 0.05)).astype(np.float32),)


def _classify_pages(pages: NDArray[np.float32]) -> Outputs:
    """Say that a page's top is the side with the most ink, of a third of the page each: N x 4."""
    ink = _ink(pages).astype(np.int64)
    third = ink.shape[1] // 3
    sides = (ink[:, :third], ink[:, :, -third:], ink[:, -third:], ink[:, :, :third])
    counts = np.stack([side.sum(axis=(1, 2)) for side in sides], axis=-1)
    is_top = np.arange(len(sides)) == counts.argmax(axis=-1)[:, np.newaxis]
    return (np.where(is_top, 0.97, 0.01).astype(np.float32),)


def _mirror(pages: NDArray[np.float32]) -> Outputs:
    """Say that a page is flat when left and right are exchanged: N x 2 x rows x columns."""
    across = np.linspace(1, -1, WARP_COLUMNS, dtype=np.float32)
    down = np.linspace(-1, 1, WARP_ROWS, dtype=np.float32)
    grid = np.stack(np.meshgrid(across, down))
    return (np.repeat(grid[np.newaxis], len(pages), axis=0),)


def _ink(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Tell the dark pixels, 0 or 1: N x 3 x H x W to N x H x W."""
    is_ink: NDArray[np.bool_] = np.all(images < DARK, axis=1)
    return is_ink.astype(np.uint8)
