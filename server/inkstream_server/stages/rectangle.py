"""The minimum-area rectangle around points, its corners in PaddleX's order."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

Corner = tuple[float, float]


def enclosing_rectangle(points: MatLike) -> tuple[NDArray[np.float32], float]:
    """Find the rectangle of the smallest area around points.

    `points` is N x 2 or N x 1 x 2, int32 or float32. Returns the corners (4 x 2, float32 (x, y),
    clockwise from the top left) and the short side, both in the units of the points.
    """
    rectangle = cv2.minAreaRect(points)
    corners: list[Corner] = cv2.boxPoints(rectangle).tolist()
    return np.array(_clockwise(corners), dtype=np.float32), min(rectangle[1])


def _clockwise(corners: list[Corner]) -> list[Corner]:
    """Order four corners: the two leftmost and the two rightmost, each pair by its y."""
    one, two, three, four = sorted(corners, key=_x)
    top_left, bottom_left = (one, two) if two[1] > one[1] else (two, one)
    top_right, bottom_right = (three, four) if four[1] > three[1] else (four, three)
    return [top_left, top_right, bottom_right, bottom_left]


def _x(corner: Corner) -> float:
    return corner[0]
