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
"""A crop this many times as high as wide is read as a line that runs downwards."""

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


def first_vertex(polygon: Sequence[Point]) -> int:
    """Tell which vertex of `polygon` lies at the top left of the crop that `cut` makes."""
    corners = _corners(polygon)
    distances = np.abs(np.array(polygon, np.float32) - corners[0]).sum(axis=1)
    first = int(distances.argmin())
    return (first + 1) % len(polygon) if _is_tall(*_upright_size(corners)) else first


def cut(page: NDArray[np.uint8], polygon: Sequence[Point]) -> NDArray[np.uint8] | None:
    """Cut the minimum-area rectangle around `polygon` out of `page` (H x W x 3).

    Returns h x w x 3, contiguous: tall ones turned by 90 degrees counter-clockwise; None where the
    rectangle holds no pixel.
    """
    corners = _corners(polygon)
    height, width = _upright_size(corners)
    if height < 1 or width < 1:
        return None
    crop = _copied(page, corners, (height, width))
    if crop is None:
        crop = _warped(page, corners, (height, width))
    if _is_tall(height, width):
        crop = np.asarray(cv2.rotate(crop, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8)
    return crop


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


def _copied(
    page: NDArray[np.uint8], corners: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.uint8] | None:
    """Copy a rectangle that stands upright on whole pixels of the page; None if it does not.

    More than half of all regions do, and the warp would give the same pixels, 30 times slower.
    """
    (left, top), (right, bottom) = corners[0].tolist(), corners[2].tolist()
    upright = [[left, top], [right, top], [right, bottom], [left, bottom]]
    is_whole = left.is_integer() and top.is_integer() and left >= 0 and top >= 0
    if not is_whole or size != (bottom - top, right - left) or corners.tolist() != upright:
        return None
    part = page[int(top) : int(bottom), int(left) : int(right)]
    return part.copy() if part.shape[:2] == size else None


def _warped(
    page: NDArray[np.uint8], corners: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.uint8]:
    height, width = size
    if max(page.shape[:2]) > WARP_LIMIT_PX:
        page, corners = _part_of(page, corners)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    crop = cv2.warpPerspective(
        page,
        cv2.getPerspectiveTransform(corners, target),
        size[::-1],
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(crop, np.uint8)


def _part_of(
    page: NDArray[np.uint8], corners: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Narrow a page to the part around `corners`, and that to what the warp takes.

    Returns it and the corners within it.
    """
    lowest, highest = corners.min(axis=0), corners.max(axis=0)
    left, top = (max(0, int(at) - MARGIN_PX) for at in lowest)
    right, bottom = (int(at) + MARGIN_PX for at in highest)
    part, corners = page[top:bottom, left:right], corners - np.array([left, top], np.float32)
    scale = WARP_LIMIT_PX / max(part.shape[:2])
    if scale < 1:
        size = (int(part.shape[1] * scale), max(1, int(part.shape[0] * scale)))
        part = np.asarray(cv2.resize(part, size), np.uint8)
        corners = corners * np.float32(scale)
    return part, corners
