"""Samples a bent page by its warp, a tile at a time: the flat page, in PaddleX's arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.stages.unwarping import Between, Floats, Warp, scaled

_BAND_PIXELS: Final = 8_000_000
"""Of a page in one step, half a second long for so many: other pages' steps go in between."""

Tile = tuple[slice, slice]

_TILE_HEIGHT_PX: Final = 128
_TILE_WIDTH_PX: Final = 256
"""Pixels that are sampled at a time: what is computed on the way stays in the core's cache."""


def bands(height_px: int, width_px: int) -> list[slice]:
    """Rows of a page, from its top to its bottom, that are unwarped at a time."""
    row_count = max(1, _BAND_PIXELS // width_px)
    tops = range(0, height_px, row_count)
    return [slice(top, min(top + row_count, height_px)) for top in tops]


def unwarp(page: NDArray[np.uint8], warp: Warp, flat: NDArray[np.uint8], band: slice) -> None:
    """Sample a page (H x W x 3, BGR) into a band of `flat`, of its size. Beyond it all is black.

    PaddleX's arithmetic: linear between pixels' centres, in 0..1, and then cut off to uint8.
    """
    height, width, _ = page.shape
    for tile, from_x, from_y in _sources(warp.grid, height, width, band):
        flat[tile] = _sampled(page, from_x, from_y)  # cut off, not rounded


def _sources(
    grid: Floats, height: int, width: int, band: slice
) -> Iterator[tuple[Tile, Floats, Floats]]:
    """A tile of the flat page at a time, and the x and y of where its pixels come from."""
    columns = Between.of(grid.shape[2], width)
    wide = grid[:, :, columns.low] * columns.rest + grid[:, :, columns.high] * columns.share
    rows = Between.of(grid.shape[1], height)
    for top in range(band.start, band.stop, _TILE_HEIGHT_PX):
        down = slice(top, min(top + _TILE_HEIGHT_PX, band.stop))
        above, below = rows.rest[down, np.newaxis], rows.share[down, np.newaxis]
        for left in range(0, width, _TILE_WIDTH_PX):
            across = slice(left, min(left + _TILE_WIDTH_PX, width))
            part = wide[:, :, across]
            places = part[:, rows.low[down]] * above + part[:, rows.high[down]] * below
            from_x, from_y = (places + 1) / 2
            yield (down, across), from_x * np.float32(width - 1), from_y * np.float32(height - 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Neighbours:
    """Along one axis, the pixels before and after places, and their weights: 0 off the page."""

    before: NDArray[np.int32]
    after: NDArray[np.int32]
    before_weight: Floats
    after_weight: Floats

    @classmethod
    def of(cls, places: Floats, count: int) -> Self:
        floor = np.floor(places)
        share = places - floor
        first = floor.astype(np.int32)
        return cls(
            np.clip(first, 0, count - 1),
            np.clip(first + 1, 0, count - 1),
            (1 - share) * ((first >= 0) & (first < count)),
            share * ((first >= -1) & (first < count - 1)),
        )

    @property
    def extent(self) -> slice:
        return slice(int(self.before.min()), int(self.after.max()) + 1)

    @property
    def weighted(self) -> tuple[tuple[NDArray[np.int32], Floats], ...]:
        start = self.extent.start
        return (
            (self.before - start, self.before_weight),
            (self.after - start, self.after_weight),
        )


def _sampled(page: NDArray[np.uint8], from_x: Floats, from_y: Floats) -> Floats:
    """The page at these places: their height x width x 3, 0..255."""
    rows = _Neighbours.of(from_y, page.shape[0])
    columns = _Neighbours.of(from_x, page.shape[1])
    # Four bytes are gathered faster than three.
    around = cv2.cvtColor(page[rows.extent, columns.extent], cv2.COLOR_BGR2BGRA)
    pixels = around.view(np.uint32).reshape(-1)
    sampled = np.zeros((*from_x.shape, 4), np.float32)
    for y, y_weight in rows.weighted:
        for x, x_weight in columns.weighted:
            found = pixels.take(y * around.shape[1] + x).view(np.uint8)
            values = scaled(found.reshape(sampled.shape))
            values *= (x_weight * y_weight)[..., np.newaxis]
            sampled += values
    sampled *= np.float32(255)
    return sampled[:, :, :3]
