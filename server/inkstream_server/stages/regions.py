"""Finds the text regions in a probability map: the post-processing of Differentiable Binarization.

PaddleX's results to the bit, in one pass with few numpy calls: a dense page has hundreds of
contours, and a numpy call on four points costs more than the arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import pyclipper
from cv2.typing import MatLike
from numpy.typing import NDArray

from inkstream_server.stages.detection import DetectionParams, padded_size
from inkstream_server.stages.quadrilateral import mask_of
from inkstream_server.stages.reading_order import Point, reading_order
from inkstream_server.stages.rectangle import enclosing_rectangle

Polygon = tuple[Point, Point, Point, Point]

MIN_SIDE_PX: Final = 3
"""Short side in map pixels below which a contour's rectangle is dropped."""
MIN_GROWN_SIDE_PX: Final = 5
"""The same, for the grown rectangle."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where one piece of text stands.

    `polygon` has four (x, y), clockwise from the top left, in pixels of the page, within
    [0, width] x [0, height]. `score` is the mean of the map inside, 0..1.
    """

    polygon: Polygon
    score: float


def find_regions(
    probabilities: NDArray[np.float32],
    page_height_px: int,
    page_width_px: int,
    params: DetectionParams,
) -> list[Region]:
    """Find the regions of one page, in reading order, from its map (H x W, 0..1).

    The page's size is the one before it was fitted to the map's size. Of a tiny page, which is
    padded before it is fitted, the map covers the padding too.
    """
    bitmap = (probabilities > np.float32(params.thresh)).view(np.uint8)
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    placing = _Placing.of(probabilities.shape, page_height_px, page_width_px)
    regions = [
        region
        for contour in contours[: params.max_candidates]
        if (region := _region(contour, probabilities, placing, params)) is not None
    ]
    return [regions[at] for at in reading_order([region.polygon[0] for region in regions])]


@dataclass(frozen=True, slots=True)
class _Placing:
    """Takes points of the map to pixels of the page."""

    x_scale: float
    y_scale: float
    page_width_px: int
    page_height_px: int

    @classmethod
    def of(cls, map_shape: tuple[int, ...], page_height_px: int, page_width_px: int) -> _Placing:
        covered_height, covered_width = padded_size(page_height_px, page_width_px)
        map_height, map_width = map_shape
        return cls(
            covered_width / map_width, covered_height / map_height, page_width_px, page_height_px
        )

    def point(self, x: float, y: float) -> Point:
        return (
            max(0, min(round(x * self.x_scale), self.page_width_px)),
            max(0, min(round(y * self.y_scale), self.page_height_px)),
        )


def _region(
    contour: MatLike,
    probabilities: NDArray[np.float32],
    placing: _Placing,
    params: DetectionParams,
) -> Region | None:
    corners, short_side = enclosing_rectangle(contour)
    if short_side < MIN_SIDE_PX:
        return None
    score = _mean_inside(corners, probabilities)
    if params.box_thresh > score:
        return None
    grown = _grow(corners, params.unclip_ratio)
    if grown is None:
        return None
    corners, short_side = enclosing_rectangle(grown)
    if short_side < MIN_GROWN_SIDE_PX:
        return None
    one, two, three, four = (placing.point(x, y) for x, y in corners.tolist())
    return Region((one, two, three, four), score)


def _mean_inside(corners: NDArray[np.float32], probabilities: NDArray[np.float32]) -> float:
    """Take the mean of the map over the pixels of a rectangle."""
    points: list[list[float]] = corners.tolist()
    last_row, last_column = probabilities.shape[0] - 1, probabilities.shape[1] - 1
    columns, rows = [x for x, _ in points], [y for _, y in points]
    left = _within(math.floor(min(columns)), last_column)
    right = _within(math.ceil(max(columns)), last_column)
    top = _within(math.floor(min(rows)), last_row)
    bottom = _within(math.ceil(max(rows)), last_row)
    inside = [(int(x - left), int(y - top)) for x, y in points]
    mask = mask_of(inside, bottom - top + 1, right - left + 1)
    return cv2.mean(probabilities[top : bottom + 1, left : right + 1], mask)[0]


def _within(at: int, last: int) -> int:
    return max(0, min(at, last))


def _grow(corners: NDArray[np.float32], unclip_ratio: float) -> NDArray[np.int32] | None:
    """Grow a rectangle by area x ratio / perimeter; None when nothing is left of it.

    Clipper works on whole numbers: it cuts the corners' fractions off. Growing a rectangle gives
    one polygon; should Clipper ever give several, PaddleX takes them all as one set of points when
    they have equally many, and the first one otherwise.
    """
    distance = cv2.contourArea(corners) * unclip_ratio / cv2.arcLength(corners, True)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(
        corners.astype(np.int64).tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON
    )
    paths: list[list[list[int]]] = offset.Execute(distance)
    if not paths:
        return None
    if any(len(path) != len(paths[0]) for path in paths):
        paths = paths[:1]
    return np.array(paths, np.int32).reshape(-1, 2)
