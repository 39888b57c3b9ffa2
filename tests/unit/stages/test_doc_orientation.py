from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.models.recipe import DocOrientationRecipe, Normalisation, PageView
from inkstream_server.stages.doc_orientation import (
    ANGLES,
    fit,
    interpret,
    prepare,
    to_source,
    turn,
    turned_size,
)
from inkstream_server.stages.text_tiles import text_tiles

NOT_TURNED = -1


@pytest.mark.parametrize("size", [(1000, 600), (600, 1000), (256, 256), (20, 4000), (1, 1)])
def test_whatever_its_size_a_page_is_fitted_to_the_classifier(size: tuple[int, int]) -> None:
    assert fit(np.zeros((*size, 3), np.uint8)).shape == (224, 224, 3)


def test_the_middle_of_a_page_is_looked_at_in_rgb() -> None:
    page = np.zeros((256, 512, 3), np.uint8)
    page[16:240, 144:368, 0] = 200  # blue, where 224 x 224 pixels are cut out

    fitted = fit(page)

    assert (fitted[..., 2] == 200).all()
    assert not fitted[..., :2].any()


def test_a_page_is_scaled_by_its_short_side_and_rounded() -> None:
    columns = np.tile(np.arange(301, dtype=np.float64), (200, 1))
    page = np.repeat((columns / 300 * 255).astype(np.uint8)[..., np.newaxis], 3, axis=2)

    fitted = fit(page)

    # 301 columns become round(385.28) = 385, of which 80 to 303 are kept.
    assert abs(int(fitted[0, 0, 0]) - 255 * 80.5 / 385) <= 1.5
    assert abs(int(fitted[0, -1, 0]) - 255 * 303.5 / 385) <= 1.5


@pytest.mark.parametrize("size", [(40, 1_000_000), (1_000_000, 40)])
def test_of_a_very_long_page_the_middle_alone_is_touched(size: tuple[int, int]) -> None:
    page = np.broadcast_to(np.uint8(7), (*size, 3))  # which takes no memory of its own

    tracemalloc.start()
    fitted = fit(page)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert fitted.shape == (224, 224, 3)
    assert peak_bytes < 8 << 20


def test_a_long_page_is_fitted_as_if_all_of_it_were_scaled() -> None:
    page = np.random.default_rng(1).integers(0, 256, (64, 64 * 40, 3), np.uint8)

    resized = cv2.resize(page, (256 * 40, 256), interpolation=cv2.INTER_LINEAR)
    middle = resized[16:240, (256 * 40 - 224) // 2 : (256 * 40 + 224) // 2]

    assert np.abs(fit(page).astype(int) - middle[..., ::-1]).max() <= 1


def test_tiles_with_text_lie_side_by_side_in_rgb() -> None:
    page = np.random.default_rng(3).integers(0, 256, (500, 400, 3), np.uint8)

    fitted = fit(page, PageView.TEXT_TILES)

    assert fitted.shape == (288, 288, 3)
    for index, tile in enumerate(text_tiles(page, 96, 9)):
        top, left = 96 * (index // 3), 96 * (index % 3)
        assert (fitted[top : top + 96, left : left + 96] == tile[..., ::-1]).all()


def test_pages_are_normalised_by_imagenets_means_of_their_channels() -> None:
    tensor = prepare([np.full((224, 224, 3), (255, 0, 0), np.uint8)])

    assert tensor.shape == (1, 3, 224, 224)
    assert tensor[0, :, 5, 5] == pytest.approx(
        [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], rel=1e-6
    )


def test_the_best_class_tells_the_angle() -> None:
    assert interpret([np.eye(4, dtype=np.float32)]) == [0, 90, 180, 270]


def test_a_page_of_which_the_model_is_not_sure_enough_stays_as_it_is() -> None:
    recipe = DocOrientationRecipe(min_score=0.8)
    probabilities = np.array([[0.1, 0.8, 0.05, 0.05], [0.1, 0.75, 0.1, 0.05]], np.float32)

    assert interpret([probabilities], recipe) == [90, 0]
    assert interpret([probabilities]) == [90, 90]


def test_a_page_is_turned_counter_clockwise() -> None:
    page = np.zeros((2, 3, 3), np.uint8)
    page[0, 2] = 255  # the top right

    assert turn(page, 90)[0, 0].all()
    assert turn(page, 180)[1, 0].all()
    assert turn(page, 270)[2, 1].all()
    assert (turn(page, 0) == page).all()


@pytest.mark.parametrize("angle", ANGLES)
def test_a_turned_page_has_the_size_that_is_told(angle: int) -> None:
    assert turn(np.zeros((5, 9, 3), np.uint8), angle).shape[:2] == turned_size(5, 9, angle)


@given(
    st.sampled_from(ANGLES),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.data(),
)
def test_a_pixel_of_the_turned_page_is_found_on_the_source(
    angle: int, size: tuple[int, int], data: st.DataObject
) -> None:
    height, width = size
    page = np.arange(height * width, dtype=np.uint8).reshape(height, width)[..., np.newaxis]
    turned = turn(page, angle)
    row = data.draw(st.integers(0, turned.shape[0] - 1))
    column = data.draw(st.integers(0, turned.shape[1] - 1))
    corners = (column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)

    polygon = to_source(corners, angle, height, width)

    left, top = min(x for x, _ in polygon), min(y for _, y in polygon)
    assert {(x - left, y - top) for x, y in polygon} == {(0, 0), (1, 0), (1, 1), (0, 1)}
    assert page[top, left] == turned[row, column]


@given(st.sampled_from(ANGLES))
def test_vertices_go_on_clockwise_from_the_texts_own_top_left(angle: int) -> None:
    first, second, third, _ = to_source(((1, 1), (4, 1), (4, 2), (1, 2)), angle, 10, 10)

    along = second[0] - first[0], second[1] - first[1]
    down = third[0] - second[0], third[1] - second[1]
    assert along[0] * down[1] - along[1] * down[0] == 3  # clockwise, with y downwards


def test_a_page_that_was_not_turned_is_its_source() -> None:
    polygon = ((1, 1), (4, 1), (4, 2), (1, 2))

    assert to_source(polygon, NOT_TURNED, 10, 10) == polygon


def test_a_models_own_figures_and_classes_count() -> None:
    recipe = DocOrientationRecipe(Normalisation(1.0, (0, 1, 2), (1, 2, 4)), (180, 0, 90, 270))

    tensor = prepare([np.full((224, 224, 3), (4, 5, 6), np.uint8)], recipe)

    assert tensor[0, :, 0, 0].tolist() == [4.0, 2.0, 1.0]
    assert interpret([np.eye(4, dtype=np.float32)], recipe) == [180, 0, 90, 270]
