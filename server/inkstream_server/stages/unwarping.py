"""Unwarping around the model call: how is this photographed, bent page made flat?

The network looks at the page shrunk to one size and says, for a few points spread evenly over the
flat page, where on the bent one each comes from. Between them lie straight lines. The pixels are
sampled by `warp_sampling`, not in the network: its input then has one shape whatever the page's,
and what is found on the flat page can be told on the bent one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from inkstream_server.models.uvdoc import INPUT_HEIGHT_PX, INPUT_WIDTH_PX
from inkstream_server.stages.regions import Polygon

INPUT_SHAPE: Final = (3, INPUT_HEIGHT_PX, INPUT_WIDTH_PX)
"""Of a shrunk page: planes in BGR order, float32, 0..1."""

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Warp:
    """Where the points of a flat page lie on the bent one.

    `points` are float32, 2 x rows x columns: x, then y, of points spread evenly from the centre of
    the page's first pixel to that of its last; -1 and 1 are these two on the bent page.
    """

    rows: int
    columns: int
    points: bytes

    @classmethod
    def of(cls, grid: Floats) -> Self:
        _, rows, columns = grid.shape
        return cls(rows, columns, np.ascontiguousarray(grid, np.float32).tobytes())

    @property
    def grid(self) -> Floats:
        return np.frombuffer(self.points, np.float32).reshape(2, self.rows, self.columns)


def shrink(page: NDArray[np.uint8]) -> Floats:
    """Make the planes that the network looks at of a page (H x W x 3, BGR)."""
    rows = Between.of(page.shape[0], INPUT_HEIGHT_PX)
    columns = Between.of(page.shape[1], INPUT_WIDTH_PX)

    def pixels(at_rows: Indices, at_columns: Indices) -> Floats:
        return scaled(page[at_rows[:, np.newaxis], at_columns])

    near = pixels(rows.low, columns.low) * columns.rest[:, np.newaxis]
    near += pixels(rows.low, columns.high) * columns.share[:, np.newaxis]
    far = pixels(rows.high, columns.low) * columns.rest[:, np.newaxis]
    far += pixels(rows.high, columns.high) * columns.share[:, np.newaxis]
    near *= rows.rest[:, np.newaxis, np.newaxis]
    far *= rows.share[:, np.newaxis, np.newaxis]
    near += far
    return np.ascontiguousarray(near.transpose(2, 0, 1))


def prepare(pages: Sequence[Floats]) -> Floats:
    """Make the input tensor (N x 3 x 712 x 488) of shrunk pages."""
    return np.stack(pages)


def interpret(outputs: Sequence[Floats]) -> list[Warp]:
    """Take the model's output (N x 2 x rows x columns) apart into one warp per page."""
    return [Warp.of(grid) for grid in outputs[0]]


def to_source(
    polygons: Sequence[Polygon], warp: Warp, height_px: int, width_px: int
) -> list[Polygon]:
    """Say where polygons of the flat page lie on the bent one, of the same height and width.

    Their vertices keep their order. What lies beyond the page is brought to its edge.
    """
    if not polygons:
        return []
    sides = np.array((width_px, height_px), np.float64)
    # Vertices lie between pixels, the grid's points on their centres.
    centres = np.array(polygons, np.float64).reshape(-1, 2) - 0.5
    spans = np.maximum(sides - 1, 1)
    places = _at(warp.grid.astype(np.float64), centres / spans)
    found = np.rint((places + 1) / 2 * spans + 0.5)
    points = np.clip(found, 0, sides).astype(np.int64).reshape(-1, 4, 2).tolist()
    return [tuple((x, y) for x, y in polygon) for polygon in points]  # type: ignore[misc] # four


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """Of evenly spread points, first on first and last on last: the two others it lies between."""

    low: Indices
    high: Indices
    share: Floats
    """How near to `high`, 0..1."""

    @classmethod
    def of(cls, count: int, wanted_count: int) -> Self:
        step = np.float32(count - 1) / np.float32(max(wanted_count - 1, 1))
        places = np.arange(wanted_count, dtype=np.float32) * step
        low = np.minimum(places.astype(np.intp), count - 1)
        return cls(low, np.minimum(low + 1, count - 1), places - low.astype(np.float32))

    @property
    def rest(self) -> Floats:
        return 1 - self.share


def _at(grid: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """The grid's values (n x 2) at shares (n x 2: x, y) of its width and height."""
    last = np.array((grid.shape[2] - 1, grid.shape[1] - 1))
    place = share * last
    # The outermost half pixels lie beyond the points: there the nearest cell goes on.
    x, y = np.clip(np.floor(place), 0, np.maximum(last - 1, 0)).astype(np.intp).T
    right, below = (place - np.stack((x, y), axis=1)).T[:, np.newaxis]
    x_next, y_next = np.minimum(x + 1, last[0]), np.minimum(y + 1, last[1])
    near = grid[:, y, x] * (1 - right) + grid[:, y, x_next] * right
    far = grid[:, y_next, x] * (1 - right) + grid[:, y_next, x_next] * right
    return np.asarray((near * (1 - below) + far * below).T)


def scaled(pixels: NDArray[np.uint8]) -> Floats:
    """0..255 as 0..1."""
    return np.multiply(pixels, np.float32(1 / 255), dtype=np.float32)
