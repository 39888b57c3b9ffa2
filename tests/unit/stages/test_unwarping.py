from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.unwarping import (
    INPUT_SHAPE,
    Warp,
    interpret,
    prepare,
    shrink,
    to_source,
)
from inkstream_server.stages.warp_sampling import bands, unwarp

IDENTITY = Warp.of(np.stack(np.meshgrid([-1.0, 1.0], [-1.0, 1.0])).astype(np.float32))
MIRROR = Warp.of(np.stack(np.meshgrid([1.0, -1.0], [-1.0, 1.0])).astype(np.float32))
SQUARE: Polygon = ((10, 20), (40, 20), (40, 30), (10, 30))


def ramps(height: int, width: int) -> NDArray[np.uint8]:
    """A page whose pixels tell their own column and row."""
    page = np.zeros((height, width, 3), np.uint8)
    page[:, :, 0] = np.arange(width)
    page[:, :, 1] = np.arange(height)[:, np.newaxis]
    return page


def flattened(page: NDArray[np.uint8], warp: Warp) -> NDArray[np.int64]:
    flat = np.full_like(page, 77)
    for band in bands(*page.shape[:2]):
        unwarp(page, warp, flat, band)
    return flat.astype(np.int64)


def bent(seed: int, rows: int = 5, columns: int = 4, most: float = 0.08) -> Warp:
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows)))
    grid += np.random.default_rng(seed).uniform(-most, most, grid.shape)
    return Warp.of(grid.astype(np.float32))


@pytest.mark.parametrize("size", [(1000, 600), (600, 1000), (1, 1), (2, 3000)])
def test_whatever_its_size_a_page_is_shrunk_to_one_size(size: tuple[int, int]) -> None:
    shrunk = shrink(np.full((*size, 3), (0, 51, 255), np.uint8))

    assert shrunk.shape == INPUT_SHAPE
    assert shrunk.dtype == np.float32
    np.testing.assert_allclose(shrunk[:, ::50, ::50].mean(axis=(1, 2)), (0, 0.2, 1), atol=1e-6)


def test_a_page_of_that_size_stays_as_it_is() -> None:
    page = np.random.default_rng(1).integers(0, 256, (712, 488, 3), np.uint8)

    np.testing.assert_allclose(shrink(page).transpose(1, 2, 0) * 255, page, atol=1e-4)


def test_the_centres_of_the_outermost_pixels_stay_where_they_are() -> None:
    shrunk = shrink(ramps(250, 200)) * 255

    assert shrunk[0, 0, [0, -1]].tolist() == pytest.approx([0, 199], abs=1e-4)
    assert shrunk[1, [0, -1], 0].tolist() == pytest.approx([0, 249], abs=1e-4)
    np.testing.assert_allclose(shrunk[0, 5], np.linspace(0, 199, 488), atol=1e-3)
    np.testing.assert_allclose(shrunk[1, :, 5], np.linspace(0, 249, 712), atol=1e-3)


def test_shrunk_pages_share_a_tensor_and_each_has_its_warp() -> None:
    pages = prepare([np.zeros(INPUT_SHAPE, np.float32), np.ones(INPUT_SHAPE, np.float32)])
    grids = np.stack([IDENTITY.grid, MIRROR.grid])

    assert pages.shape == (2, *INPUT_SHAPE)
    assert interpret([grids]) == [IDENTITY, MIRROR]


@pytest.mark.parametrize("size", [(90, 70), (1, 60), (60, 1), (1, 1), (3, 40_000)])
def test_a_page_that_is_flat_stays_as_it_is(size: tuple[int, int]) -> None:
    page = np.random.default_rng(2).integers(0, 256, (*size, 3), np.uint8)

    difference = flattened(page, IDENTITY) - page

    # Rounding: 39,999 * 0.99999994 lies a two-hundredth of a pixel off.
    assert np.abs(difference).max() <= (1 if max(size) < 1000 else 2)


def test_left_and_right_can_be_exchanged() -> None:
    page = np.random.default_rng(3).integers(0, 256, (90, 70, 3), np.uint8)

    assert np.abs(flattened(page, MIRROR) - page[:, ::-1]).max() <= 1


@pytest.mark.parametrize("shift_px", [-0.5, 0.5])
@pytest.mark.parametrize("axis", [0, 1])
def test_between_the_pages_edge_and_the_black_beyond_it_half_is_left(
    axis: int, shift_px: float
) -> None:
    page = np.full((90, 90, 3), 200, np.uint8)
    grid = IDENTITY.grid.copy()
    grid[axis] += shift_px * 2 / 89

    flat = flattened(page, Warp.of(grid))

    lines = flat if axis else flat.transpose(1, 0, 2)
    edge, inside = (lines[0], lines[1:]) if shift_px < 0 else (lines[-1], lines[:-1])
    assert np.abs(edge - 100).max() <= 1
    assert np.abs(inside - 200).max() <= 1


def test_a_warp_may_reach_over_many_tiles() -> None:
    page = np.random.default_rng(5).integers(0, 256, (300, 600, 3), np.uint8)
    warp = bent(6, most=0.3)

    flat = flattened(page, warp)

    by_bands = np.full_like(page, 77)
    for band in (slice(0, 1), slice(1, 131), slice(131, 300)):
        unwarp(page, warp, by_bands, band)
    assert (by_bands == flat).all()
    assert np.abs(flattened(page, MIRROR) - page[:, ::-1]).max() <= 2


@pytest.mark.parametrize("size", [(1, 1), (10_000, 10_000), (1, 9_000_000), (9_000_000, 1)])
def test_a_large_page_is_unwarped_in_bands(size: tuple[int, int]) -> None:
    height, width = size

    cut = bands(height, width)

    assert [band.start for band in cut] == [0, *(band.stop for band in cut[:-1])]
    assert cut[-1].stop == height
    assert all((band.stop - band.start) * width <= max(8_000_000, width) for band in cut)


def test_beyond_the_page_all_is_black() -> None:
    page = np.full((100, 101, 3), 255, np.uint8)
    grid = IDENTITY.grid.copy()
    grid[0] += 1  # half the page's width

    flat = flattened(page, Warp.of(grid))

    assert flat[:, :50].min() >= 254
    assert flat[:, 52:].max() == 0


def test_between_the_points_a_warp_is_linear() -> None:
    page = ramps(201, 201)
    warp = bent(4, rows=3, columns=3)
    x, y = (warp.grid + 1) * 100
    middle_x, middle_y = (values[:2, :2].mean() for values in (x, y))

    flat = flattened(page, warp)

    assert flat[100, 100, :2] == pytest.approx((x[1, 1], y[1, 1]), abs=1)
    assert flat[50, 50, :2] == pytest.approx((middle_x, middle_y), abs=1)


@given(st.integers(0, 10_000), st.tuples(st.integers(60, 250), st.integers(60, 250)), st.data())
def test_a_point_of_the_flat_page_is_told_where_its_pixels_come_from(
    seed: int, size: tuple[int, int], data: st.DataObject
) -> None:
    height, width = size
    warp = bent(seed)
    x = data.draw(st.integers(width // 6, width - width // 6))
    y = data.draw(st.integers(height // 6, height - height // 6))
    flat = flattened(ramps(height, width), warp)

    ((point, *_),) = to_source([((x, y),) * 4], warp, height, width)

    # Between the pixels left and right of it, above and below; their centres are half a pixel on.
    around = flat[y - 1 : y + 1, x - 1 : x + 1, :2].mean(axis=(0, 1)) + 0.5
    assert point == pytest.approx(tuple(around), abs=1.5)


def test_a_flat_pages_polygons_stay_where_they_are() -> None:
    whole: Polygon = ((0, 0), (70, 0), (70, 90), (0, 90))

    assert to_source([SQUARE, whole], IDENTITY, 90, 70) == [SQUARE, whole]


def test_an_exchanged_pages_polygons_lie_on_the_other_side_in_their_order() -> None:
    assert to_source([SQUARE], MIRROR, 90, 70) == [((60, 20), (30, 20), (30, 30), (60, 30))]


def test_no_polygon_leaves_the_page() -> None:
    grid = IDENTITY.grid * 3

    (polygon,) = to_source([((0, 0), (70, 0), (70, 90), (0, 90))], Warp.of(grid), 90, 70)

    assert polygon == ((0, 0), (70, 0), (70, 90), (0, 90))


def test_a_page_of_one_pixel_has_its_polygons_too() -> None:
    assert to_source([((0, 0), (1, 0), (1, 1), (0, 1))], IDENTITY, 1, 1) == [
        ((0, 0), (1, 0), (1, 1), (0, 1))
    ]


def test_without_polygons_there_is_nothing_to_tell() -> None:
    assert to_source([], IDENTITY, 90, 70) == []
