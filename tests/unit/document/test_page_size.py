import pytest

from inkstream_server.document.page_size import (
    MAX_SIDE_PX,
    PageSize,
    check_decoded_shape,
    check_image_size,
)
from inkstream_server.errors import ImageDamaged, ImageTooLarge


def test_a_size_knows_its_pixels_its_array_and_its_transpose() -> None:
    size = PageSize(height_px=2, width_px=3)

    assert size.pixels == 6
    assert size.shape == (2, 3, 3)
    assert size.transposed() == PageSize(height_px=3, width_px=2)


def test_an_image_of_exactly_the_limit_is_read() -> None:
    check_image_size(PageSize(10, 10), max_pixels=100)


def test_an_image_above_the_limit_is_refused_with_both_figures() -> None:
    with pytest.raises(ImageTooLarge) as caught:
        check_image_size(PageSize(10, 11), max_pixels=100)

    assert caught.value.facts["pixels"] == "110"
    assert caught.value.facts["max_pixels"] == "100"


def test_a_side_that_opencv_would_refuse_is_refused_here() -> None:
    with pytest.raises(ImageTooLarge):
        check_image_size(PageSize(1, MAX_SIDE_PX + 1), max_pixels=2**30)


def test_pixels_that_belie_their_header_are_damaged() -> None:
    check_decoded_shape((2, 3, 3), PageSize(2, 3))
    with pytest.raises(ImageDamaged, match="says 3 x 2 px, its pixels are 2 x 2"):
        check_decoded_shape((2, 2, 3), PageSize(2, 3))
