"""Which pixels lie in a quadrilateral, by one rule whatever OpenCV's version.

OpenCV changed between 4.10, which PaddleX's results are made with, and 4.14 how its `fillPoly`
rounds the ends of a row: a pixel more or less at a tilted edge, which moves the mean of a thin
region by up to some hundredths. This is the rule of 4.10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_FRACTION_BITS: Final = 16
_HALF: Final = 1 << (_FRACTION_BITS - 1)

Corner = tuple[int, int]


def mask_of(corners: Sequence[Corner], height: int, width: int) -> NDArray[np.uint8]:
    """Draw a mask (height x width): 1 inside the convex quadrilateral and on its edges, else 0.

    The corners are (x, y) in pixels, in order around it; what lies outside the mask is cut off.
    """
    mask = np.zeros((height, width), np.uint8)
    outline = np.array(corners, np.int32)
    if _is_upright(corners):  # a rectangle: every rule says the same, and this is the fastest
        cv2.fillConvexPoly(mask, outline, 1)
        return mask
    starts, ends = _rows(corners, height, width)
    columns = np.arange(width)
    mask[:] = (columns >= starts[:, None]) & (columns <= ends[:, None])
    cv2.polylines(mask, [outline], True, 1)
    return mask


def _is_upright(corners: Sequence[Corner]) -> bool:
    columns, rows = {x for x, _ in corners}, {y for _, y in corners}
    return max(len(columns), len(rows)) <= 2  # noqa: PLR2004 - left and right, top and bottom


def _rows(
    corners: Sequence[Corner], height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tell each row's first and last column inside, from the edges in fixed-point numbers."""
    left = np.full(height, width << _FRACTION_BITS, np.int64)
    right = np.full(height, -1 << _FRACTION_BITS, np.int64)
    for (x, y), (next_x, next_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if y == next_y:
            continue
        (top_x, top), (bottom_x, bottom) = sorted([(x, y), (next_x, next_y)], key=_row)
        run = (bottom_x - top_x) << _FRACTION_BITS
        step = abs(run) // (bottom - top) * (1 if run >= 0 else -1)  # cut off, as C divides
        rows = slice(max(top, 0), max(min(bottom, height), 0))
        edge = (top_x << _FRACTION_BITS) + step * (np.arange(rows.start, rows.stop) - top)
        np.minimum(left[rows], edge, out=left[rows])
        np.maximum(right[rows], edge, out=right[rows])
    return (left + _HALF) >> _FRACTION_BITS, (right + _HALF) >> _FRACTION_BITS


def _row(corner: Corner) -> int:
    return corner[1]
