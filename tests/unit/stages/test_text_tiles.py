from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inkstream_server.stages.text_tiles import text_tiles

SIDE_PX = 96
LARGEST_PX = 1200


def page_of(height_px: int, width_px: int, value: int = 255) -> NDArray[np.uint8]:
    return np.full((height_px, width_px, 3), value, np.uint8)


def write(page: NDArray[np.uint8], left: int, baseline: int, zoom: float = 1.0) -> None:
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(2 * zoom))
    cv2.putText(page, "read me", (left, baseline), font, 0.6 * zoom, (0, 0, 0), thickness)


def is_written_on(tile: NDArray[np.uint8]) -> bool:
    return int(tile.min()) < 100


@pytest.mark.parametrize("size", [(1, 1), (40, 700), (1684, 1190), (96, 96), (100, 95), (7, 300)])
def test_whatever_its_size_a_page_gives_tiles(size: tuple[int, int]) -> None:
    page = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)

    tiles = text_tiles(page, SIDE_PX, 9)

    assert [tile.shape for tile in tiles] == [(SIDE_PX, SIDE_PX, 3)] * 9


def test_tiles_are_cut_where_there_is_text() -> None:
    page = page_of(LARGEST_PX, LARGEST_PX)
    for line in range(10):
        write(page, 900, 800 + 30 * line)

    assert all(is_written_on(tile) for tile in text_tiles(page, SIDE_PX, 4))


def test_the_ground_of_a_page_may_be_dark() -> None:
    page = page_of(LARGEST_PX, LARGEST_PX)
    write(page, 200, 700)

    (dark,) = text_tiles(255 - page, SIDE_PX, 1)
    (light,) = text_tiles(page, SIDE_PX, 1)

    np.testing.assert_array_equal(dark, 255 - light)


@pytest.mark.parametrize("zoom", [2.0, 4.0])
def test_large_letters_are_seen_from_further_away(zoom: float) -> None:
    page = page_of(LARGEST_PX, LARGEST_PX)
    for line in range(20):
        write(page, 100, round((50 + 24 * line) * zoom), zoom)

    tile = text_tiles(page, SIDE_PX, 1)[0]

    # Cut out of the page itself, a tile shows less than half of a letter's height at four times.
    lines = np.flatnonzero(np.diff((tile.min(axis=(1, 2)) < 128).astype(int)) == 1)
    assert len(lines) >= 2


def test_a_page_of_more_pixels_gives_the_same_tiles() -> None:
    page = page_of(LARGEST_PX, LARGEST_PX)
    for line in range(4):
        write(page, 300, 300 + 40 * line)
    enlarged = page.repeat(4, axis=0).repeat(4, axis=1)

    for tile, of_enlarged in zip(
        text_tiles(page, SIDE_PX, 4), text_tiles(enlarged, SIDE_PX, 4), strict=True
    ):
        np.testing.assert_array_equal(tile, of_enlarged)


def test_no_two_tiles_show_much_the_same() -> None:
    page = page_of(LARGEST_PX, LARGEST_PX)
    page[..., 0] = np.arange(LARGEST_PX)[:, np.newaxis] // 8  # in blue the row, in green the column
    page[..., 1] = np.arange(LARGEST_PX) // 8
    page[..., 2] = 255 * np.random.default_rng(2).integers(0, 2, (LARGEST_PX, LARGEST_PX))

    tiles = text_tiles(page, SIDE_PX, 9)

    corners = [8 * tile[0, 0, :2].astype(int) for tile in tiles]
    for one, other in combinations(corners, 2):
        assert np.abs(one - other).max() > 0.7 * SIDE_PX


def test_a_page_with_room_for_few_tiles_gives_them_again() -> None:
    page = page_of(60, 60)
    write(page, 5, 30, 0.5)

    tiles = text_tiles(page, SIDE_PX, 9)

    distinct = {tile.tobytes() for tile in tiles}
    assert 1 <= len(distinct) < 9
    np.testing.assert_array_equal(tiles[len(distinct)], tiles[0])


def test_a_page_that_shows_nothing_gives_tiles_of_it() -> None:
    tiles = text_tiles(page_of(800, 600, value=77), SIDE_PX, 9)

    assert all((tile == 77).all() for tile in tiles)
