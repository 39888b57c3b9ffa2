"""Cuts the text lines out of a page, upright and straight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.stages.reading_order import Point
from inkstream_server.stages.rectangle import enclosing_rectangle

TALL: Final = 1.5
"""A crop this many times as high as wide is read as a line that runs upwards."""

WARP_LIMIT_PX: Final = 32_766
"""OpenCV's warp addresses pixels with 16 bits: no side, of the page or of a crop, may be longer."""

MARGIN_PX: Final = 8
"""What is kept around a polygon when only its part of the page can be warped."""


def crop_size(polygon: Sequence[Point]) -> tuple[int, int]:
    """Tell the (height, width) in pixels of the crop that `cut` makes; (0, 0) if it makes none."""
    height, width = _upright_size(_corners(polygon))
    if height < 1 or width < 1:
        return 0, 0
    return (width, height) if _is_tall(height, width) else (height, width)


def cut(page: NDArray[np.uint8], polygon: Sequence[Point]) -> NDArray[np.uint8] | None:
    """Cut the minimum-area rectangle around `polygon` out of `page` (H x W x 3).

    Returns h x w x 3, contiguous: tall ones turned by 90 degrees counter-clockwise; None where the
    rectangle holds no pixel.
    """
    corners = _corners(polygon)
    height, width = _upright_size(corners)
    if height < 1 or width < 1:
        return None
    if max(page.shape[:2]) > WARP_LIMIT_PX:
        page, corners = _part_of(page, corners)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    crop = cv2.warpPerspective(
        page,
        cv2.getPerspectiveTransform(corners, target),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if _is_tall(height, width):
        crop = cv2.rotate(crop, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return np.asarray(crop, np.uint8)


def _corners(polygon: Sequence[Point]) -> NDArray[np.float32]:
    return enclosing_rectangle(np.array(polygon, np.int32))[0]


def _upright_size(corners: NDArray[np.float32]) -> tuple[int, int]:
    one, two, three, four = corners
    width = int(max(_length(one - two), _length(three - four)))
    height = int(max(_length(one - four), _length(two - three)))
    return min(height, WARP_LIMIT_PX), min(width, WARP_LIMIT_PX)


def _length(edge: NDArray[np.float32]) -> np.float32:
    """Take the length in float32, as PaddleX does: cutting the fraction off shows every bit."""
    return np.float32(np.sqrt(edge.dot(edge)))


def _is_tall(height: int, width: int) -> bool:
    return height / width >= TALL


def _part_of(
    page: NDArray[np.uint8], corners: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Narrow a page to the part around `corners`; returns it and the corners within it."""
    lowest, highest = corners.min(axis=0), corners.max(axis=0)
    left, top = (max(0, int(at) - MARGIN_PX) for at in lowest)
    right, bottom = (int(at) + MARGIN_PX for at in highest)
    part = page[top:bottom, left:right]
    return part, corners - np.array([left, top], np.float32)
