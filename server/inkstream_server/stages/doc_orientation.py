"""Document orientation around the model call: which side of this page is up?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.models.recipe import (
    TILE_PX,
    TILES_A_ROW,
    DocOrientationRecipe,
    PageView,
)
from inkstream_server.stages.normalisation import normalise_into, tables_of
from inkstream_server.stages.reading_order import Point
from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.text_tiles import text_tiles

INPUT_PX: Final = {PageView.MIDDLE: 224, PageView.TEXT_TILES: TILES_A_ROW * TILE_PX}
"""Both sides of a classifier's input."""

USUAL: Final = DocOrientationRecipe()
"""What a model wants that tells nothing."""

ANGLES: Final = USUAL.angles
"""What `interpret` can answer: counter-clockwise degrees that set a page upright."""

_SHORT_SIDE_PX: Final = 256
# As a multiple of the short side.
_LONGEST: Final = 16
_QUARTER: Final = 90
_AS_IT_IS: Final = 0


def fit(page: NDArray[np.uint8], view: PageView = PageView.MIDDLE) -> NDArray[np.uint8]:
    """Fit a page (H x W x 3, BGR) to what is seen of it (INPUT_PX x INPUT_PX x 3, RGB)."""
    page = _not_too_long(page)
    seen = _middle(page) if view is PageView.MIDDLE else _tiles(page)
    return np.asarray(cv2.cvtColor(seen, cv2.COLOR_BGR2RGB), np.uint8)


def _middle(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of the page when its short side is 256."""
    height, width, _ = page.shape
    ratio = _SHORT_SIDE_PX / min(height, width)
    size = (round(width * ratio), round(height * ratio))
    resized = cv2.resize(page, size, interpolation=cv2.INTER_LINEAR)
    side_px = INPUT_PX[PageView.MIDDLE]
    top, left = ((side - side_px) // 2 for side in resized.shape[:2])
    return np.asarray(resized[top : top + side_px, left : left + side_px], np.uint8)


def _tiles(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tiles = np.stack(text_tiles(page, TILE_PX, TILES_A_ROW**2))
    rows = tiles.reshape(TILES_A_ROW, TILES_A_ROW, TILE_PX, TILE_PX, 3)
    side_px = INPUT_PX[PageView.TEXT_TILES]
    return rows.transpose(0, 2, 1, 3, 4).reshape(side_px, side_px, 3)


def _not_too_long(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Leave out of a very long page what is never looked at, before all of it is scaled up."""
    kept_px = _LONGEST * min(page.shape[:2])
    top, left = (max(0, side - kept_px) // 2 for side in page.shape[:2])
    return page[top : top + kept_px, left : left + kept_px]


def prepare(
    pages: Sequence[NDArray[np.uint8]], recipe: DocOrientationRecipe = USUAL
) -> NDArray[np.float32]:
    """Make the input tensor (N x 3 x side x side) of fitted pages."""
    tables = tables_of(recipe.normalisation)
    side_px = INPUT_PX[recipe.view]
    tensor = np.empty((len(pages), 3, side_px, side_px), np.float32)
    for page, planes in zip(pages, tensor, strict=True):
        normalise_into(planes, page, tables)
    return tensor


def interpret(
    outputs: Sequence[NDArray[np.float32]], recipe: DocOrientationRecipe = USUAL
) -> list[int]:
    """Read the model's probabilities (N x 4) as the angle of each page."""
    best = outputs[0].argmax(axis=-1)
    is_sure = outputs[0].max(axis=-1) >= recipe.min_score
    return [
        recipe.angles[index] if sure else _AS_IT_IS
        for index, sure in zip(best.tolist(), is_sure.tolist(), strict=True)
    ]


def turned_size(height_px: int, width_px: int, angle: int) -> tuple[int, int]:
    """Tell the height and width of a page that is turned by `angle`."""
    return (width_px, height_px) if angle % 180 else (height_px, width_px)


def turn(page: NDArray[np.uint8], angle: int) -> NDArray[np.uint8]:
    """Turn a page (H x W x 3) counter-clockwise. A view of it."""
    return np.rot90(page, angle // _QUARTER)


def to_source(polygon: Polygon, angle: int, height_px: int, width_px: int) -> Polygon:
    """Say where a polygon of the turned page lies on the page as it was, of this height and width.

    Its vertices keep their order: the text's own top left stays the first.
    """

    def source_of(point: Point) -> Point:
        x, y = point
        match angle:
            case 90:
                return width_px - y, x
            case 180:
                return width_px - x, height_px - y
            case 270:
                return y, height_px - x
            case _:
                return point

    first, second, third, fourth = polygon
    return source_of(first), source_of(second), source_of(third), source_of(fourth)
