"""Places and shapes on a page: pixels, origin at the top left, in the frame its Page names."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Point(NamedTuple):
    """A place on the page."""

    x: int
    y: int


class Box(NamedTuple):
    """An axis-aligned rectangle."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int


Polygon: TypeAlias = tuple[Point, ...]
"""A closed shape: its vertices in order. numpy.array(polygon) is an array of shape (n, 2)."""
