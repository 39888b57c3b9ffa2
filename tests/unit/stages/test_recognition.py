import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.models.recipe import RecognitionRecipe
from inkstream_server.stages.ctc import alphabet
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.stages.recognition import (
    LineText,
    fit,
    interpret,
    interpret_words,
    line_width,
    prepare,
)
from inkstream_server.stages.words import Span

sides = st.integers(1, 40_000)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (48, 100, (100, 320)),
        (48, 320, (320, 320)),
        (32, 101, (152, 320)),  # ceil(151.5)
        (33, 301, (437, 437)),  # the whole part of 437.8
        (20, 1, (3, 320)),
        (10, 1000, (3200, 3200)),
    ],
)
def test_a_line_is_as_wide_as_paddlex_makes_it(
    height: int, width: int, expected: tuple[int, int]
) -> None:
    assert line_width(height, width) == expected


@given(sides, sides, st.sampled_from([1, 8, 32, 100, None]))
def test_a_fitted_line_always_has_room(height: int, width: int, step_px: int | None) -> None:
    fitted, padded = line_width(height, width, LineWidths(step_px))

    assert 1 <= fitted <= padded <= 3200
    assert padded >= 320


def test_the_padded_width_is_rounded_up_and_the_fitted_one_is_not() -> None:
    assert line_width(33, 301, LineWidths(32)) == (437, 448)


def test_a_crop_is_fitted_to_its_width() -> None:
    fitted = fit(np.full((33, 301, 3), 9, np.uint8))

    assert fitted.shape == (48, 437, 3)
    assert (fitted == 9).all()


def test_right_of_a_line_stand_zeros() -> None:
    line = np.full((48, 200, 3), 255, np.uint8)

    tensor = prepare([line, line[:, :100]], 320)

    assert tensor.shape == (2, 3, 48, 320)
    assert (tensor[0, :, :, :200] == 1).all()
    assert not tensor[0, :, :, 200:].any()
    assert not tensor[1, :, :, 100:].any()


def test_a_line_is_prepared_the_same_in_every_company() -> None:
    lines = [np.full((48, width, 3), width, np.uint8) for width in (50, 150, 250)]

    together = prepare(lines, 320)

    for line, tensor in zip(lines, together, strict=True):
        np.testing.assert_array_equal(prepare([line], 320)[0], tensor)


def test_every_line_of_a_batch_gets_its_text() -> None:
    class_ids = np.array([[1, 1, 0], [0, 0, 0], [2, 0, 1]], np.int32)
    maxima = np.full((3, 3), 0.5, np.float32)

    lines = interpret(class_ids, maxima, alphabet("ab"))

    assert lines == [LineText("a", 0.5), LineText("", 0.0), LineText("ba", 0.5)]


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(32, 100, (100, 320)), (48, 100, (67, 320)), (20, 301, (482, 481)), (10, 2000, (3200, 3200))],
)
def test_a_model_of_32_px_lines_has_widths_of_its_own(
    height: int, width: int, expected: tuple[int, int]
) -> None:
    fitted, padded = line_width(height, width, LineWidths(1, RecognitionRecipe(height_px=32)))

    assert (fitted, padded) == (min(expected), expected[1])
    assert fit(np.zeros((height, width, 3), np.uint8), (32, fitted, 3)).shape == (32, fitted, 3)


def test_a_line_is_prepared_in_the_height_that_it_has() -> None:
    line = np.full((32, 200, 3), (0, 51, 255), np.uint8)  # BGR

    bgr, rgb = (prepare([line], 320, is_rgb=is_rgb) for is_rgb in (False, True))

    assert bgr.shape == rgb.shape == (1, 3, 32, 320)
    np.testing.assert_allclose(bgr[0, :, 0, 0], [-1, -0.6, 1], atol=1e-6)
    np.testing.assert_allclose(rgb[0, :, 0, 0], [1, -0.6, -1], atol=1e-6)
    assert not rgb[0, :, :, 200:].any()


def test_words_are_told_as_shares_of_the_line_without_its_padding() -> None:
    class_ids = np.array([0, 1, 0, 2, 0, 3, 3, 0, 0, 0], np.int32)

    words = interpret_words(class_ids, alphabet("ab"), (256, 320))

    assert words == (Span("ab", 1 / 8, 4 / 8), Span(" ", 5 / 8, 6 / 8))


def test_a_line_without_text_has_no_words() -> None:
    assert interpret_words(np.zeros(10, np.int32), alphabet("ab"), (256, 320)) == ()
