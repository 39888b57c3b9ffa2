import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inkstream_server.stages.captions import Caption
from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.result_image import (
    MAX_PIXELS,
    MAX_SIDE_PX,
    draw,
    jpeg,
    shown,
    shown_ratio,
    side_by_side,
)

sides = st.integers(1, 100_000)
UPRIGHT: Polygon = ((40, 30), (140, 30), (140, 60), (40, 60))


def grey_page(height: int = 100, width: int = 200) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 128, np.uint8)


def panel_of(*captions: Caption) -> NDArray[np.uint8]:
    return draw(grey_page(), captions, 1.0)[:, 200:]


def dark(panel: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(panel.max(axis=2) < 100)


def test_a_page_is_shown_as_it_is() -> None:
    page = grey_page()

    assert shown(page) is page


def test_a_large_page_is_shown_smaller() -> None:
    page = np.zeros((4000, 4000, 3), np.uint8)

    assert shown(page).shape == (2000, 2000, 3)


def test_a_long_page_is_shown_smaller() -> None:
    assert shown(np.zeros((1, 40_000, 3), np.uint8)).shape == (1, MAX_SIDE_PX, 3)


@given(sides, sides)
def test_three_shown_pages_side_by_side_are_within_what_jpeg_holds(height: int, width: int) -> None:
    ratio = shown_ratio(height, width)

    assert 0 < ratio <= 1
    assert height * ratio * width * ratio <= MAX_PIXELS * 1.001
    assert max(height, 3 * width) * ratio <= 65_500


def test_the_page_is_on_the_left_and_places_are_in_colour() -> None:
    both = draw(grey_page(), [Caption("text", UPRIGHT)], 1.0)

    left = both[:, :200]
    assert both.shape == (100, 400, 3)
    assert (left[:25] == 128).all()
    inside = left[35:55, 45:135].reshape(-1, 3)
    assert (inside == inside[0]).all()
    assert len(set(inside[0].tolist())) > 1


def test_the_text_is_on_the_right_in_its_place() -> None:
    ink = dark(panel_of(Caption("text", UPRIGHT)))

    rows, columns = np.nonzero(ink)
    assert ink[31:60, 41:140].sum() == ink.sum() > 50
    assert 30 < np.ptp(columns) < 100
    assert np.ptp(rows) < 28


def test_neighbours_have_different_colours() -> None:
    below: Polygon = ((40, 65), (140, 65), (140, 95), (40, 95))

    left = draw(grey_page(), [Caption("a", UPRIGHT), Caption("b", below)], 1.0)[:, :200]

    assert (left[45, 90] != left[80, 90]).any()


def test_a_tilted_text_is_tilted() -> None:
    tilted: Polygon = ((40, 30), (130, 55), (125, 80), (35, 55))

    ink = dark(panel_of(Caption("lllllllllll", tilted)))

    left, right = (np.nonzero(ink[:, part])[0].mean() for part in (slice(30, 70), slice(95, 135)))
    assert right - left > 10


def test_a_text_upside_down_is_drawn_so() -> None:
    turned: Polygon = (UPRIGHT[2], UPRIGHT[3], UPRIGHT[0], UPRIGHT[1])

    upright, upside_down = panel_of(Caption("LA", UPRIGHT)), panel_of(Caption("LA", turned))

    there, back = dark(upright)[31:60, 41:140], dark(upside_down)[31:60, 41:140]
    assert (there != back).sum() > 100
    assert (there[::-1, ::-1] != back).mean() < 0.1


def test_places_on_a_page_that_is_shown_smaller_are_made_smaller_too() -> None:
    whole: Polygon = ((80, 60), (280, 60), (280, 120), (80, 120))

    smaller = draw(grey_page(), [Caption("text", whole)], 0.5)

    assert (smaller == draw(grey_page(), [Caption("text", UPRIGHT)], 1.0)).all()


def test_a_place_without_a_pixel_is_left_alone() -> None:
    point: Polygon = ((50, 50), (50, 50), (50, 50), (50, 50))

    assert not dark(panel_of(Caption("text", point))).any()


def test_a_place_at_the_edge_of_the_page_is_cut_off_there() -> None:
    corner: Polygon = ((120, 80), (200, 80), (200, 100), (120, 100))

    assert dark(panel_of(Caption("text", corner))).any()


def test_pictures_side_by_side_have_their_tops_in_line() -> None:
    both = side_by_side([grey_page(50, 30), grey_page(80, 20)])

    assert both.shape == (80, 50, 3)
    assert (both[:50, :30] == 128).all()
    assert (both[50:, :30] == 255).all()
    assert (both[:, 30:] == 128).all()


def test_a_jpeg_looks_like_its_picture() -> None:
    page = grey_page()
    cv2.putText(page, "Hello", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3)

    decoded = cv2.imdecode(np.frombuffer(jpeg(page), np.uint8), cv2.IMREAD_COLOR)

    assert decoded is not None
    assert np.abs(decoded.astype(int) - page).mean() < 2


# Of Tangut and SignWriting there is no font at all.
@pytest.mark.parametrize(
    "text", ["", " ", "\U0001f600", "x" * 400, "a\U00017000\U00018821", "\U0001d800b"]
)
def test_whatever_was_read_can_be_drawn(text: str) -> None:
    tall: Polygon = ((10, 10), (20, 10), (20, 95), (10, 95))

    assert panel_of(Caption(text, UPRIGHT), Caption(text, tall)).shape == (100, 200, 3)
