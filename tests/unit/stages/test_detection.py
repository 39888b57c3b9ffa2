import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.models.recipe import DetectionRecipe, Normalisation
from inkstream_server.stages.detection import (
    LimitType,
    fit,
    input_size,
    interpret,
    padded_size,
    prepare,
)

sides = st.integers(1, 40_000)


@pytest.mark.parametrize(
    ("height", "width", "limit", "limit_type", "expected"),
    [
        (848, 868, 960, LimitType.MAX, (832, 864)),
        (932, 1279, 960, LimitType.MAX, (704, 960)),
        (1279, 932, 960, LimitType.MAX, (960, 704)),
        (960, 480, 960, LimitType.MAX, (960, 480)),
        (132, 709, 736, LimitType.MIN, (736, 3968)),
        (709, 132, 736, LimitType.MIN, (3968, 736)),
        (900, 1200, 736, LimitType.MIN, (896, 1216)),
        (100, 9000, 736, LimitType.MIN, (32, 4000)),
        (1000, 10, 960, LimitType.MAX, (960, 32)),
        (5, 5, 960, LimitType.MAX, (32, 32)),
    ],
)
def test_a_page_is_fitted_to_the_size_that_paddlex_would_take(
    height: int, width: int, limit: int, limit_type: LimitType, expected: tuple[int, int]
) -> None:
    assert input_size(height, width, limit, limit_type) == expected


@given(sides, sides, st.integers(1, 5000), st.sampled_from(LimitType))
def test_a_size_is_always_one_that_the_network_takes(
    height: int, width: int, limit: int, limit_type: LimitType
) -> None:
    fitted = input_size(height, width, limit, limit_type)

    assert all(side % 32 == 0 and 32 <= side <= 4000 for side in fitted)


def test_half_a_step_goes_to_the_even_multiple() -> None:
    assert input_size(80, 112, 960, LimitType.MAX) == (64, 128)


def test_only_a_tiny_page_is_padded() -> None:
    assert padded_size(20, 43) == (32, 43)
    assert padded_size(20, 44) == (20, 44)


def test_a_tiny_page_is_padded_with_black_at_its_right_and_bottom() -> None:
    page = np.full((20, 30, 3), 255, np.uint8)

    fitted = fit(page, (32, 32))

    assert fitted.shape == (32, 32, 3)
    assert (fitted[:20, :30] == 255).all()
    assert not fitted[20:].any()
    assert not fitted[:, 30:].any()


def test_a_page_is_resized_to_the_size_asked_for() -> None:
    page = np.full((100, 200, 3), 9, np.uint8)

    fitted = fit(page, (96, 192))

    assert fitted.shape == (96, 192, 3)
    assert (fitted == 9).all()


def test_a_page_of_the_right_size_is_not_copied() -> None:
    page = np.zeros((96, 192, 3), np.uint8)

    assert fit(page, (96, 192)) is page


def test_pages_become_planes_with_the_imagenet_figures_in_bgr_order() -> None:
    black, white = np.zeros((32, 64, 3), np.uint8), np.full((32, 64, 3), 255, np.uint8)

    tensor = prepare([black, white])

    assert tensor.shape == (2, 3, 32, 64)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, :, 0, 0], [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])
    np.testing.assert_allclose(tensor[1, 0], (1 - 0.485) / 0.229, rtol=1e-6)


def test_an_output_is_taken_apart_into_one_map_per_page() -> None:
    output = np.arange(2 * 4 * 6, dtype=np.float32).reshape(2, 1, 4, 6)

    maps = interpret((output,))

    assert [one.shape for one in maps] == [(4, 6), (4, 6)]
    assert maps[1][0, 0] == 24


def test_a_models_own_figures_are_applied_to_its_own_channels() -> None:
    own = Normalisation(0.5, (1.0, 2.0, 3.0), (1.0, 2.0, 4.0))
    page = np.full((32, 32, 3), (10, 20, 30), np.uint8)  # BGR

    bgr = prepare([page], DetectionRecipe(own))
    rgb = prepare([page], DetectionRecipe(own, is_rgb=True))

    assert bgr[0, :, 0, 0].tolist() == [(5 - 1) / 1, (10 - 2) / 2, (15 - 3) / 4]
    assert rgb[0, :, 0, 0].tolist() == [(15 - 1) / 1, (10 - 2) / 2, (5 - 3) / 4]
