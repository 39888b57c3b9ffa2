"""Decides in which order the regions of a page are read. It knows points only, no regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

Point = tuple[int, int]

SAME_LINE_PX: Final = 10
"""First vertices whose y differ by less are taken to stand on one line."""


def reading_order(first_vertices: Sequence[Point]) -> list[int]:
    """Tell the indices of the regions from top to bottom, and within a line from left to right.

    `first_vertices` are the (x, y) of each region's first vertex, in pixels. PaddleX's rule: sort
    by (y, x), then bubble each one up past neighbours of the same line that stand further right.
    """
    keyed = [(y, x, index) for index, (x, y) in enumerate(first_vertices)]
    keyed.sort()
    for end in range(1, len(keyed)):
        at = end
        while at > 0 and _stands_before(keyed[at], keyed[at - 1]):
            keyed[at - 1], keyed[at] = keyed[at], keyed[at - 1]
            at -= 1
    return [index for _, _, index in keyed]


def _stands_before(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return abs(one[0] - other[0]) < SAME_LINE_PX and one[1] < other[1]
