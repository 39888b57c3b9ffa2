"""Draws pages into files of small upright pictures, which training and evaluation turn.

Picture i depends on the seed and i alone, however many processes draw.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from random import Random
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pages.page import Page, draw_page
from training.pages.wear import part, worn

SIDE_PX: Final = 256
"""The middle of a page whose short side this is. The model sees the middle 224 of it."""

VIEWS: Final = 4
"""Pictures of one page: drawing it costs more than looking at it again."""

PAGES_PER_FILE: Final = 100
_WHOLE_PAGE_CHANCE: Final = 0.6
_PART_SHARES: Final = (0.25, 1.0)
_LEAST_TEXT: Final = 0.02
"""Share of the middle of a view that lines of text cover."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn. `coarse_share` of the pictures keep single pixels of the page, as is left of
    a page of thousands of pixels, black and white above all, at the size that the model sees."""

    seed: int
    file_count: int
    coarse_share: float = 0.0


def draw(folder: Path, drawing: Drawing, *, processes: int) -> None:
    """Write the files that are missing, each complete or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        folder / f"{drawing.seed:03}-{index:05}.npy": index for index in range(drawing.file_count)
    }
    missing = {path: index for path, index in files.items() if not path.exists()}
    with ProcessPoolExecutor(processes) as pool:
        for path in pool.map(_draw_file, missing, repeat(drawing), missing.values()):
            print(path, flush=True)


def _draw_file(path: Path, drawing: Drawing, index: int) -> Path:
    cv2.setNumThreads(1)
    first = index * PAGES_PER_FILE
    pictures = [view for page in range(PAGES_PER_FILE) for view in views(drawing, first + page)]
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, np.stack(pictures))
    return partial.rename(path)


def views(drawing: Drawing, page_index: int) -> list[NDArray[np.uint8]]:
    """Pictures of one drawn page, upright (SIDE_PX x SIDE_PX x 3, RGB); VIEWS of most pages."""
    page = draw_page(Random(f"{drawing.seed}/{page_index}"))
    generator = np.random.default_rng((drawing.seed, page_index))
    is_coarse = np.random.default_rng((drawing.seed, page_index, 1)).random() < drawing.coarse_share
    cv2.setRNGSeed(page_index)
    found: list[NDArray[np.uint8]] = []
    for _ in range(4 * VIEWS):  # a page that shows too little text is looked at no longer
        view = _part_with_text(page, generator)
        if view is not None and len(found) < VIEWS:
            found.append(middle(worn(view, generator), is_coarse=is_coarse))
    return found


def _part_with_text(page: Page, generator: np.random.Generator) -> NDArray[np.uint8] | None:
    rows, columns = slice(None), slice(None)
    if generator.random() >= _WHOLE_PAGE_CHANCE:
        rows, columns = part(page.mask.shape[:2], _PART_SHARES, generator)
    seen = _square(page.mask[rows, columns])
    return page.picture[rows, columns] if seen.mean() > _LEAST_TEXT * 255 else None


def middle(page: NDArray[np.uint8], *, is_coarse: bool = False) -> NDArray[np.uint8]:
    """The same as the server's `fit` makes of a page, with a margin to move the crop in."""
    square = _square(page, cv2.INTER_NEAREST if is_coarse else cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(square, cv2.COLOR_BGR2RGB), np.uint8)


def _square(page: NDArray[np.uint8], interpolation: int = cv2.INTER_LINEAR) -> NDArray[np.uint8]:
    height, width = page.shape[:2]
    ratio = SIDE_PX / min(height, width)
    size = round(width * ratio), round(height * ratio)
    resized = cv2.resize(page, size, interpolation=interpolation)
    top, left = ((side - SIDE_PX) // 2 for side in resized.shape[:2])
    return np.asarray(resized[top : top + SIDE_PX, left : left + SIDE_PX], np.uint8)
