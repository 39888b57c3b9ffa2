import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inkstream_server.stages.lettering import write

INK = 128


def extent(ink: NDArray[np.uint8]) -> tuple[int, int]:
    """The height and width of what is written."""
    rows, columns = np.nonzero(ink >= INK)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def middle(ink: NDArray[np.uint8]) -> tuple[float, float]:
    rows, columns = np.nonzero(ink >= INK)
    return (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2


@settings(max_examples=60, deadline=None)
@given(st.text("a中 الक😀\u0301", max_size=8), st.integers(1, 90), st.integers(1, 200))
def test_whatever_is_written_fills_its_box_exactly(text: str, height: int, width: int) -> None:
    assert write(text, height, width).shape == (height, width)


def test_a_text_is_as_long_as_its_box() -> None:
    ink = write("Hello, wide world", 40, 240)

    height, width = extent(ink)
    assert width > 0.9 * 240
    assert 0.3 * 40 < height < 40


def test_a_text_too_short_for_its_box_stands_in_its_middle() -> None:
    ink = write("中", 40, 240)

    assert extent(ink)[1] < 60
    assert middle(ink) == pytest.approx((20, 120), abs=2)


def test_a_text_too_long_for_its_box_is_written_smaller() -> None:
    ink = write("a long text for so short a box", 40, 120)

    assert extent(ink)[0] < extent(write("a short text", 40, 120))[0]
    assert extent(ink)[1] > 0.9 * 120


def test_a_text_longer_than_any_box_shows_still() -> None:
    assert write("x" * 400, 20, 60).max() > INK / 2


@pytest.mark.parametrize("text", ["हिन्दी", "العربية", "ไทย"])
def test_letters_with_marks_above_and_below_stay_in_their_box(text: str) -> None:
    ink = write(text, 80, 400)

    assert not (ink[:2] >= INK).any()
    assert not (ink[-2:] >= INK).any()


def test_chinese_in_a_tall_box_stands_upright_one_below_the_other() -> None:
    ink = write("中国", 200, 60)

    first, second = ink[:100], ink[100:]
    alone = write("中", 60, 60)
    assert extent(first) == pytest.approx(extent(alone), rel=0.25)
    assert extent(second)[0] > 30
    assert middle(ink)[1] == pytest.approx(30, abs=3)


def test_letters_in_a_tall_box_run_downwards() -> None:
    ink = write("Hello", 200, 60)

    assert (ink == np.rot90(write("Hello", 60, 200), -1)).all()


def test_a_low_box_is_a_line_however_narrow() -> None:
    assert (write("il", 30, 5) == write("il", 30, 5)).all()
    assert extent(write("中国", 30, 12))[0] < 15


@pytest.mark.parametrize("text", ["", " ", "  "])
def test_nothing_leaves_no_ink(text: str) -> None:
    assert not write(text, 40, 100).any()


def test_a_wide_box_with_chinese_is_a_line() -> None:
    assert extent(write("中国", 60, 120)) == pytest.approx((48, 96), rel=0.25)
