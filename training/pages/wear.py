"""What scanners, cameras and files do to a page: light, blur, noise, perspective, compression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pages.figures import texture

Picture = NDArray[np.uint8]
"""Height x width x 3, BGR."""


def worn(page: Picture, generator: np.random.Generator) -> Picture:
    """The same page after some of it; upright within a few degrees."""
    for chance, effect in _EFFECTS:
        if generator.random() < chance:
            page = effect(page, generator)
    return page


def part(
    size: tuple[int, int], shares: tuple[float, float], generator: np.random.Generator
) -> tuple[slice, slice]:
    """Rows and columns of a rectangle, as who photographs or cuts out a piece of a page takes.

    `shares` are the least and the most of a side that it takes.
    """
    height, width = size
    tall = max(16, round(height * generator.uniform(*shares)))
    wide = max(16, round(width * generator.uniform(*shares)))
    top = int(generator.integers(0, max(1, height - tall)))
    left = int(generator.integers(0, max(1, width - wide)))
    return slice(top, top + tall), slice(left, left + wide)


def _tilted(page: Picture, generator: np.random.Generator) -> Picture:
    """Turned a little and seen at an angle, before paper, a table or nothing."""
    height, width = page.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    angle = float(generator.normal(0, 2.5 if generator.random() < 0.8 else 7))
    zoom = float(generator.uniform(0.8, 1.05))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
    seen = cv2.transform(corners[None], turn)[0]
    seen += generator.normal(0, 0.02, (4, 2)) * min(height, width)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    if generator.random() < 0.4:
        ground = texture((width, height), generator)
        cv2.warpPerspective(
            page, matrix, (width, height), ground, borderMode=cv2.BORDER_TRANSPARENT
        )
        return ground
    edge = cv2.BORDER_REPLICATE if generator.random() < 0.5 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpPerspective(page, matrix, (width, height), borderMode=edge), np.uint8)


def _lit(page: Picture, generator: np.random.Generator) -> Picture:
    """A slope of light, or the edge of a shadow."""
    height, width = page.shape[:2]
    cells = generator.uniform(0.45, 1.1, (int(generator.integers(2, 5)),) * 2).astype(np.float32)
    light = cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(page * light[:, :, None], 0, 255), np.uint8)


def _blurred(page: Picture, generator: np.random.Generator) -> Picture:
    radius = float(generator.uniform(0.0006, 0.004)) * min(page.shape[:2])
    if generator.random() < 0.7:
        return np.asarray(cv2.GaussianBlur(page, (0, 0), max(0.3, radius)), np.uint8)
    length = max(2, round(3 * radius))
    kernel = np.full((1, length) if generator.random() < 0.5 else (length, 1), 1 / length)
    return np.asarray(cv2.filter2D(page, -1, kernel), np.uint8)


def _coarse(page: Picture, generator: np.random.Generator) -> Picture:
    """Kept small, then made large again."""
    height, width = page.shape[:2]
    scale = float(generator.uniform(0.3, 0.8))
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _faded(page: Picture, generator: np.random.Generator) -> Picture:
    contrast, shift = generator.uniform(0.35, 1.3), generator.uniform(-40, 70)
    table = np.clip(np.arange(256) * contrast + shift, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(page, table), np.uint8)


def _inverted(page: Picture, _: np.random.Generator) -> Picture:
    return 255 - page


def _black_and_white(page: Picture, generator: np.random.Generator) -> Picture:
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    limit = float(generator.uniform(0.35, 0.6)) * 255
    return np.repeat(np.where(grey > limit, 255, 0).astype(np.uint8)[:, :, None], 3, axis=2)


def _grey(page: Picture, _: np.random.Generator) -> Picture:
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _bordered(page: Picture, generator: np.random.Generator) -> Picture:
    """The dark edges that a scanner leaves beside the paper."""
    page = page.copy()
    width = max(2, round(min(page.shape[:2]) * float(generator.uniform(0.01, 0.06))))
    for side in generator.permutation(4)[: int(generator.integers(1, 4))]:
        edge = (page[:width], page[-width:], page[:, :width], page[:, -width:])[side]
        edge[:] = int(generator.integers(0, 60))
    return page


def _noisy(page: Picture, generator: np.random.Generator) -> Picture:
    noise = np.empty(page.shape, np.int8)
    strength = float(generator.uniform(2, 22))
    cv2.randn(noise, 0, strength)  # type: ignore[call-overload]  # its stubs know no scalars
    return np.asarray(cv2.add(page, noise, dtype=cv2.CV_8U), np.uint8)


def _compressed(page: Picture, generator: np.random.Generator) -> Picture:
    quality = int(generator.integers(12, 80))
    _, content = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)


_EFFECTS: Final[tuple[tuple[float, Callable[[Picture, np.random.Generator], Picture]], ...]] = (
    (0.40, _tilted),
    (0.05, _bordered),
    (0.25, _lit),
    (0.25, _blurred),
    (0.15, _coarse),
    (0.30, _faded),
    (0.06, _inverted),
    (0.06, _black_and_white),
    (0.15, _grey),
    (0.25, _noisy),
    (0.25, _compressed),
)
