import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inkstream_server.stages.crop import WARP_LIMIT_PX, crop_size, cut, first_vertex

points = st.tuples(st.integers(0, 120), st.integers(0, 90))


def page_with_a_gradient(height: int = 90, width: int = 120) -> NDArray[np.uint8]:
    """Blue tells the column, green the row."""
    page = np.zeros((height, width, 3), np.uint8)
    page[..., 0] = np.arange(width) % 256
    page[..., 1] = np.arange(height)[:, np.newaxis] % 256
    return page


def rectangle(left: int, top: int, right: int, bottom: int) -> list[tuple[int, int]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def test_an_upright_crop_is_that_part_of_the_page() -> None:
    page = page_with_a_gradient()

    crop = cut(page, rectangle(10, 20, 70, 40))

    assert crop is not None
    np.testing.assert_array_equal(crop, page[20:40, 10:70])


def test_a_crop_shares_no_pixel_with_its_page() -> None:
    page = page_with_a_gradient()

    crop = cut(page, rectangle(0, 20, 120, 40))

    assert crop is not None
    assert not np.shares_memory(crop, page)
    assert crop.flags.c_contiguous


def test_a_tall_crop_is_turned_counter_clockwise() -> None:
    page = page_with_a_gradient()

    crop = cut(page, rectangle(10, 20, 30, 80))

    assert crop is not None
    np.testing.assert_array_equal(crop, np.rot90(page[20:80, 10:30]))
    assert crop.flags.c_contiguous


@pytest.mark.parametrize(("height", "expected"), [(29, (29, 20)), (30, (20, 30))])
def test_one_and_a_half_times_as_high_as_wide_is_tall(
    height: int, expected: tuple[int, int]
) -> None:
    assert crop_size(rectangle(0, 0, 20, height)) == expected


def test_a_tilted_crop_is_straight() -> None:
    page = np.zeros((200, 200, 3), np.uint8)
    polygon = [(50, 50), (150, 80), (144, 100), (44, 70)]

    crop = cut(page, polygon)

    assert crop is not None
    assert crop.shape == (20, 104, 3)


def test_a_crop_that_holds_no_pixel_is_none() -> None:
    page = page_with_a_gradient()

    assert cut(page, rectangle(10, 20, 10, 40)) is None
    assert crop_size(rectangle(10, 20, 10, 40)) == (0, 0)


def test_what_lies_outside_the_page_repeats_its_border() -> None:
    page = np.full((50, 50, 3), 77, np.uint8)

    crop = cut(page, rectangle(-10, -10, 40, 10))

    assert crop is not None
    assert (crop == 77).all()


@given(st.lists(points, min_size=4, max_size=4))
def test_the_size_told_is_the_size_cut(polygon: list[tuple[int, int]]) -> None:
    crop = cut(page_with_a_gradient(), polygon)

    assert crop_size(polygon) == (crop.shape[:2] if crop is not None else (0, 0))


def test_a_page_too_long_for_the_warp_is_narrowed_to_the_part_that_matters() -> None:
    page = page_with_a_gradient(60, WARP_LIMIT_PX + 5000)
    left = WARP_LIMIT_PX + 1000

    crop = cut(page, rectangle(left, 20, left + 100, 40))

    assert crop is not None
    np.testing.assert_array_equal(crop, page[20:40, left : left + 100])


def test_a_tilted_line_of_a_page_too_long_for_the_warp_is_cut_too() -> None:
    page = np.full((60, WARP_LIMIT_PX + 5000, 3), 88, np.uint8)
    left = WARP_LIMIT_PX + 1000

    crop = cut(page, [(left, 10), (left + 100, 15), (left + 99, 35), (left - 1, 30)])

    assert crop is not None
    assert crop.shape == (20, 100, 3)
    assert (crop == 88).all()


def test_a_line_too_long_for_the_warp_is_shortened() -> None:
    page = page_with_a_gradient(60, WARP_LIMIT_PX + 5000)

    crop = cut(page, rectangle(0, 20, WARP_LIMIT_PX + 4000, 40))

    assert crop is not None
    assert crop.shape == (20, WARP_LIMIT_PX, 3)


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        (rectangle(10, 20, 70, 40), 0),
        (rectangle(10, 20, 30, 80), 1),  # tall: its right side is the crop's top
        (rectangle(10, 20, 70, 40)[1:] + rectangle(10, 20, 70, 40)[:1], 3),
    ],
)
def test_the_vertex_at_the_crops_top_left_is_told(
    polygon: list[tuple[int, int]], expected: int
) -> None:
    assert first_vertex(polygon) == expected
