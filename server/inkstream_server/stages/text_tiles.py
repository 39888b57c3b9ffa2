"""Squares out of a page where most of its text is, large enough to see how its letters stand.

A page is looked at in octaves of its size. What counts is how much of a square is as fine as the
strokes of letters of some 20 px are; larger letters have the most at a smaller size of the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_CELL_PX: Final = 8
"""Tiles begin at multiples of it."""

_OCTAVES: Final = 3
_FINEST_PX: Final = 1200
"""Root of the area of a page at its largest: A4 at 122 dpi."""

_MOST_ENLARGED: Final = 2.0
_STROKE_PX: Final = 3
_GROUND_PX: Final = 9
_LEAST_CONTRAST: Final = 6
_INK_SHARE: Final = 0.005
"""So many of a page's pixels have the contrast of its ink."""

_STROKE_CONTRAST: Final = 0.4
"""A pixel is of a stroke when it has this share of the ink's contrast."""

_LEAST_SHARE: Final = 0.25
"""Of the text that the fullest tile has."""

_APART: Final = 0.7
"""How far the middles of two tiles are apart, down or across, at least: in sides."""


def text_tiles(page: NDArray[np.uint8], side_px: int, count: int) -> list[NDArray[np.uint8]]:
    """Cut out of a page (H x W x 3, BGR) `count` tiles (side_px x side_px x 3), most text first.

    `side_px` is a multiple of 8. A page with room for fewer gives them again, in turn; one that
    shows nothing gives its middle.
    """
    octaves = _octaves(page, side_px)
    contrasts = [_contrast(octave) for octave in octaves]
    limit = max(_LEAST_CONTRAST, _STROKE_CONTRAST * max(map(_ink_contrast, contrasts)))
    fields = [
        _Field.of(_above(limit, contrast), side_px, index)
        for index, contrast in enumerate(contrasts)
    ]
    tiles = [
        octaves[place.octave][place.top : place.top + side_px, place.left : place.left + side_px]
        for place in _best(fields, count)
    ]
    return [tiles[index % len(tiles)] for index in range(count)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Of a tile: its top left, in pixels of its octave."""

    octave: int
    top: int
    left: int


@dataclass(frozen=True, slots=True)
class _Field:
    """How much text each tile of an octave has, that begin in each of its cells."""

    text: NDArray[np.float32]
    octave: int
    side_px: int
    height_px: int
    width_px: int

    @classmethod
    def of(cls, strokes: NDArray[np.uint8], side_px: int, octave: int) -> _Field:
        """`strokes` (H x W) is not 0 where there are any."""
        rows, columns = (side // _CELL_PX for side in strokes.shape)
        whole = strokes[: rows * _CELL_PX, : columns * _CELL_PX]
        cells = np.asarray(
            cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8
        )
        side = side_px // _CELL_PX
        margin = side // 4
        # Counted once more in the middle, where text is to be: never just inside of an edge.
        of_tiles = _means(cells, side)
        of_middles = _means(
            cells[margin : rows - margin, margin : columns - margin], side - 2 * margin
        )
        return cls(of_tiles + of_middles, octave, side_px, *strokes.shape)

    def leave_out(self, other: _Field, place: _Place) -> None:
        """Choose no tile here that would show much of what `place` of the other octave shows."""
        zoom = 2.0 ** (other.octave - self.octave)
        reach = _APART * self.side_px * (1 + zoom) / 2
        half = self.side_px / 2
        rows, columns = (
            _cells(middle - half - reach, middle - half + reach)
            for middle in (
                (place.top + half - other.height_px / 2) * zoom + self.height_px / 2,
                (place.left + half - other.width_px / 2) * zoom + self.width_px / 2,
            )
        )
        self.text[rows, columns] = -1


def _means(cells: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Of the squares that begin in each cell and lie within."""
    kernel = (side, side)
    means = cv2.boxFilter(cells, cv2.CV_32F, kernel, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(means[: len(cells) - side + 1, : cells.shape[1] - side + 1], np.float32)


def _cells(start_px: float, end_px: float) -> slice:
    """Those that begin between the two."""
    return slice(max(0, ceil(start_px / _CELL_PX)), max(0, floor(end_px / _CELL_PX) + 1))


def _best(fields: Sequence[_Field], count: int) -> Iterator[_Place]:
    """At least one."""
    least = _LEAST_SHARE * max(field.text.max() for field in fields)
    for _ in range(count):
        field = max(fields, key=lambda each: each.text.max())
        row, column = divmod(int(field.text.argmax()), field.text.shape[1])
        if field.text[row, column] < least:
            return
        place = _Place(field.octave, row * _CELL_PX, column * _CELL_PX)
        yield place
        for each in fields:
            each.leave_out(field, place)


def _octaves(page: NDArray[np.uint8], side_px: int) -> list[NDArray[np.uint8]]:
    """The page and its halves, no side of them less than a tile's."""
    octaves = [_at_its_largest(page)]
    while len(octaves) < _OCTAVES and max(octaves[-1].shape) >= 2 * side_px:
        octaves.append(_halved(octaves[-1]))
    return [_at_least(octave, side_px) for octave in octaves]


def _at_its_largest(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width, _ = page.shape
    ratio = min(_MOST_ENLARGED, _FINEST_PX / sqrt(height * width))
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    while 2 * size[0] <= page.shape[1] and 2 * size[1] <= page.shape[0]:
        page = _halved(page)
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _halved(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = (max(1, side // 2) for side in page.shape[:2])
    even = page[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _at_least(page: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    tall, wide = (max(0, side_px - side) for side in page.shape[:2])
    if not tall and not wide:
        return page
    borders = tall // 2, tall - tall // 2, wide // 2, wide - wide // 2
    return np.asarray(cv2.copyMakeBorder(page, *borders, cv2.BORDER_REPLICATE), np.uint8)


def _contrast(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How much each pixel (H x W) differs, blurred a little, from what is around it."""
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    stroke, ground = (cv2.blur(grey, (px, px)) for px in (_STROKE_PX, _GROUND_PX))
    return np.asarray(cv2.absdiff(stroke, ground), np.uint8)


def _above(limit: float, contrast: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """255 where there is more."""
    return np.asarray(cv2.threshold(contrast, limit, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _ink_contrast(contrast: NDArray[np.uint8]) -> int:
    counts = cv2.calcHist([contrast], [0], None, [256], [0, 256]).ravel()
    return int(np.searchsorted(np.cumsum(counts), (1 - _INK_SHARE) * contrast.size))
