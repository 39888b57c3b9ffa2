"""Writes a text into a box of a given size, as large as it fits. Knows no page and no colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.stages.fonts import Letter, Run, general, length_em, letters, runs
from inkstream_server.stages.words import is_cjk

COLUMN: Final = 2.0
"""A box this many times as high as wide holds a column, PaddleX's rule,"""
COLUMN_MIN_PX: Final = 30
"""if it is also this high."""

# Of the height of a line's box, what the em of its letters takes: detectors leave some air around a
# line. Chinese characters fill their em, other scripts have marks above and below it.
_LINE_FILL: Final = 0.72
_CJK_LINE_FILL: Final = 0.8
_OTHER_LINE_FILL: Final = 0.6
# Of the em, how far the middle of the letters is above the line they stand on.
_MIDDLE: Final = 0.36
# Letters may be this much narrower or wider than they are cut, to end where the line does.
_NARROWEST: Final = 0.75
_WIDEST: Final = 1.25
_COLUMN_FILL: Final = 0.9
_SMALLEST_PX: Final = 3
_MAX_SIZE_PX: Final = 400

# Letters are written at one of a few sizes, larger than wanted, and scaled down to the box: written
# small, they stand on whole pixels, with gaps between them that look like blanks.
_SIZES_PX: Final = (24, 36, 54, 80, 120, 180, 270, 400)
_LARGER: Final = 1.3
# Of what takes no room, such as a mark without a letter.
_SHORTEST_EM: Final = 0.1


def write(text: str, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """Write `text` into a box: height x width, how much ink is at each pixel, 0..255."""
    if not text.strip():
        return np.zeros((height_px, width_px), np.uint8)
    if height_px <= max(COLUMN * width_px, COLUMN_MIN_PX):
        return _line(text, height_px, width_px)
    if _has_cjk(text):
        return _column(text, height_px, width_px)
    return np.rot90(_line(text, width_px, height_px), -1)  # such a line was turned to be read


def _line(text: str, height_px: int, width_px: int) -> NDArray[np.uint8]:
    parts = runs(text)
    text_em = max(sum(length_em(part) for part in parts), _SHORTEST_EM)
    fill = _fill(text, parts)
    fitting_px = min(height_px * fill, width_px / (text_em * _NARROWEST), _MAX_SIZE_PX)
    size_px = max(fitting_px, min(_SMALLEST_PX, height_px * fill))
    written_px = next((each for each in _SIZES_PX if each >= size_px * _LARGER), _MAX_SIZE_PX)
    ink = _written(parts, text_em * written_px, written_px, fill)
    return _fitted(ink, size_px / written_px, height_px, width_px)


def _fill(text: str, parts: Sequence[Run]) -> float:
    if any(part.typeface is not general() for part in parts):
        return _OTHER_LINE_FILL
    return _CJK_LINE_FILL if _has_cjk(text) else _LINE_FILL


def _written(
    parts: Sequence[Run], length_px: float, size_px: int, fill: float
) -> NDArray[np.uint8]:
    """The text at its own width, on a band of which its letters take the height `fill`."""
    band_px = math.ceil(size_px / fill)
    ink = np.zeros((band_px, max(1, math.ceil(length_px))), np.uint8)
    x, y = 0.0, round(band_px / 2 + size_px * _MIDDLE)
    for part in parts:
        for letter in letters(part, size_px):
            _stamp(ink, letter, round(x), y)
            x += letter.advance_px
    return ink


def _stamp(ink: NDArray[np.uint8], letter: Letter, x: int, y: int) -> None:
    """Put a letter with its origin at (x, y). What of it lies outside is cut off."""
    top, left = y + letter.top_px, x + letter.left_px
    bottom, right = top + letter.ink.shape[0], left + letter.ink.shape[1]
    place = ink[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    height, width = place.shape
    skipped = letter.ink[max(-top, 0) :, max(-left, 0) :]
    np.maximum(place, skipped[:height, :width], out=place)


def _fitted(
    ink: NDArray[np.uint8], scale: float, height_px: int, width_px: int
) -> NDArray[np.uint8]:
    """The text in the middle of its box, as wide as that if it may be stretched as far."""
    own_height, own_width = ink.shape
    height = min(height_px, max(1, round(own_height * scale)))
    width = min(width_px, max(1, round(own_width * scale * _WIDEST)))
    top, left = (height_px - height) // 2, (width_px - width) // 2
    box = np.zeros((height_px, width_px), np.uint8)
    box[top : top + height, left : left + width] = cv2.resize(
        ink, (width, height), interpolation=cv2.INTER_AREA
    )
    return box


def _column(text: str, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """One character under the other, each in the middle of an equal part of the box."""
    step_px = height_px / len(text)
    size_px = max(1, round(min(width_px * _COLUMN_FILL, step_px, _MAX_SIZE_PX)))
    ink = np.zeros((height_px, width_px), np.uint8)
    for at, character in enumerate(text):
        y = round((at + 0.5) * step_px + size_px * _MIDDLE)
        for letter in letters(runs(character)[0], size_px):
            _stamp(ink, letter, round((width_px - letter.advance_px) / 2), y)
    return ink


def _has_cjk(text: str) -> bool:
    return any(is_cjk(character) for character in text)
