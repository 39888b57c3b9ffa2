import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inkstream_server.document.page_size import PageSize
from inkstream_server.document.pixels import (
    grey_to_bgr,
    oriented,
    oriented_size,
    over_ground,
    to_bgr,
)


def picture_with_alpha(ink: int, alpha: int) -> NDArray[np.uint8]:
    """A letter of the given ink, on ground of the given alpha whose colour is that of the ink."""
    bgra = np.full((10, 10, 4), ink, np.uint8)
    bgra[:, :, 3] = alpha
    bgra[4:6, 2:8, 3] = 255
    return bgra


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (2, 3, 3)])
def test_grey_and_colour_become_contiguous_bgr(shape: tuple[int, ...]) -> None:
    samples = np.full(shape, 7, np.uint8)

    bgr = to_bgr(samples)

    assert bgr.shape == (2, 3, 3)
    assert bgr.flags.c_contiguous
    assert (bgr == 7).all()


def test_sixteen_bits_are_cut_to_the_upper_eight() -> None:
    assert to_bgr(np.full((1, 1, 3), 0xABCD, np.uint16)).tolist() == [[[0xAB] * 3]]


def test_the_colours_of_an_opaque_picture_are_untouched() -> None:
    bgra = np.random.default_rng(0).integers(0, 256, (9, 9, 4), np.uint8)
    bgra[:, :, 3] = 255

    assert (to_bgr(bgra) == bgra[:, :, :3]).all()


def test_dark_ink_is_laid_on_white() -> None:
    page = over_ground(picture_with_alpha(ink=0, alpha=0))

    assert page[0, 0].tolist() == [255] * 3
    assert page[5, 5].tolist() == [0] * 3


def test_white_ink_is_laid_on_black_since_white_would_swallow_it() -> None:
    page = over_ground(picture_with_alpha(ink=255, alpha=0))

    assert page[0, 0].tolist() == [0] * 3
    assert page[5, 5].tolist() == [255] * 3


def test_half_transparent_pixels_are_mixed() -> None:
    page = over_ground(picture_with_alpha(ink=100, alpha=51))

    assert page[0, 0].tolist() == [224] * 3  # 100 * 0.2 + 255 * 0.8


def test_an_alpha_channel_of_nothing_but_zeros_is_ignored() -> None:
    bgra = np.full((4, 4, 4), 90, np.uint8)
    bgra[:, :, 3] = 0

    assert (over_ground(bgra) == 90).all()


@pytest.mark.parametrize(
    ("brightest", "seen"), [(65535, 255), (4095, 255), (256, 128), (255, 255), (30, 240), (0, 0)]
)
def test_grey_of_unknown_depth_is_scaled_to_be_seen(brightest: int, seen: int) -> None:
    samples = np.array([[0, brightest]], np.int32)

    assert grey_to_bgr(samples)[0, :, 0].tolist() == [0, seen]


def test_grey_below_zero_is_black() -> None:
    assert grey_to_bgr(np.array([[-5, 255]], np.int32))[0, :, 0].tolist() == [0, 255]


def test_grey_whose_zero_is_white_is_turned_round() -> None:
    samples = np.array([[0, 65535]], np.uint16)

    assert grey_to_bgr(samples, white_is_zero=True)[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    ("samples", "seen"),
    [([0.0, 0.2, 1.0], [0, 51, 255]), ([0.0, 100.0, 500.0], [0, 51, 255])],
)
def test_floats_are_white_at_one_or_at_their_brightest(
    samples: list[float], seen: list[int]
) -> None:
    assert grey_to_bgr(np.array([samples], np.float32))[0, :, 0].tolist() == seen


def test_floats_that_are_no_numbers_are_black() -> None:
    samples = np.array([[np.nan, np.inf, -np.inf, -3.0, 1.0]], np.float32)

    assert grey_to_bgr(samples)[0, :, 0].tolist() == [0, 0, 0, 0, 255]


# The corner that holds the stored picture's first pixel once upright, by the EXIF standard.
@pytest.mark.parametrize(
    ("orientation", "row", "column"),
    [
        (1, 0, 0),
        (2, 0, -1),
        (3, -1, -1),
        (4, -1, 0),
        (5, 0, 0),
        (6, 0, -1),
        (7, -1, -1),
        (8, -1, 0),
    ],
)
def test_each_orientation_puts_the_first_pixel_where_exif_says(
    orientation: int, row: int, column: int
) -> None:
    stored = np.zeros((2, 3, 3), np.uint8)
    stored[0, 0] = 255

    page = oriented(stored, orientation)

    assert page[row, column].tolist() == [255] * 3
    assert page.shape == oriented_size(PageSize(2, 3), orientation).shape
    assert page.flags.c_contiguous


def test_over_ground_reads_views_too() -> None:
    wide = np.tile(picture_with_alpha(ink=0, alpha=0), (1, 2, 1))

    page = over_ground(wide[:, ::2])

    assert page.flags.c_contiguous
    assert cv2.countNonZero(page[:, :, 0]) > 0


def test_a_white_page_with_a_little_ink_and_transparent_corners_stays_white() -> None:
    bgra = np.full((100, 100, 4), 255, np.uint8)
    bgra[50, 10:90, :3] = 0  # under one hundredth of the page
    bgra[:5, :5, 3] = 0

    page = over_ground(bgra)

    assert (page[:5, :5] == 255).all()
