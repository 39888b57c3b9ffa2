"""Draws pages into files of small upright tiles, which training and evaluation turn.

Page i depends on the seed and i alone, however many processes draw.
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

from inkstream_server.models.recipe import TILE_PX, TILES_A_ROW
from inkstream_server.stages.doc_orientation import ANGLES
from inkstream_server.stages.text_tiles import text_tiles
from training.pages.page import Page, draw_page
from training.pages.wear import part, worn

SIDE_PX: Final = TILE_PX + 16
"""Of a tile: what the model sees, and a margin to move and scale it in."""

VIEWS: Final = 2
"""Times that one page is seen, worn anew: drawing it costs more than looking at it again."""

PAGES_PER_FILE: Final = 100
_WHOLE_PAGE_CHANCE: Final = 0.7
_PART_SHARES: Final = (0.3, 1.0)
_LEAST_TEXT: Final = 0.01
"""Share of a view that lines of text cover."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn."""

    seed: int
    file_count: int


def draw(folder: Path, drawing: Drawing, *, processes: int) -> None:
    """Write the files that are missing, each complete or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        folder / f"{drawing.seed:03}-{index:05}.npy": index for index in range(drawing.file_count)
    }
    missing = {path: index for path, index in files.items() if not path.exists()}
    with ProcessPoolExecutor(processes) as pool:
        for path in pool.map(_draw_file, missing, repeat(drawing.seed), missing.values()):
            print(path, flush=True)


def _draw_file(path: Path, seed: int, index: int) -> Path:
    cv2.setNumThreads(1)
    first = index * PAGES_PER_FILE
    seen = [view for page in range(PAGES_PER_FILE) for view in views(seed, first + page)]
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, np.stack(seen))
    return partial.rename(path)


def views(seed: int, page_index: int) -> list[NDArray[np.uint8]]:
    """Tiles of one drawn page, upright (tiles x SIDE_PX x SIDE_PX x 3, RGB), VIEWS times of most.

    A page that shows too little text is looked at no longer.
    """
    page = draw_page(Random(f"{seed}/{page_index}"))
    generator = np.random.default_rng((seed, page_index))
    cv2.setRNGSeed(page_index)
    found: list[NDArray[np.uint8]] = []
    for _ in range(4 * VIEWS):
        view = _part_with_text(page, generator)
        if view is not None and len(found) < VIEWS:
            found.append(_tiles(worn(view, generator), int(generator.integers(0, len(ANGLES)))))
    return found


def _tiles(view: NDArray[np.uint8], turns: int) -> NDArray[np.uint8]:
    """Found on the page as it lies, and set upright: where they are cut must not tell which way."""
    lying = np.ascontiguousarray(np.rot90(view, turns))
    tiles = np.stack(text_tiles(lying, SIDE_PX, TILES_A_ROW**2))
    return np.rot90(tiles, -turns, axes=(1, 2))[:, :, :, ::-1]


def _part_with_text(page: Page, generator: np.random.Generator) -> NDArray[np.uint8] | None:
    rows, columns = slice(None), slice(None)
    if generator.random() >= _WHOLE_PAGE_CHANCE:
        rows, columns = part(page.mask.shape[:2], _PART_SHARES, generator)
    has_text = page.mask[rows, columns].mean() > _LEAST_TEXT * 255
    return page.picture[rows, columns] if has_text else None
