from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.stages.quadrilateral import mask_of


def drawn(*rows: str) -> list[list[int]]:
    return [[int(cell == "#") for cell in row] for row in rows]


def test_an_upright_rectangle_holds_its_edges() -> None:
    mask = mask_of([(1, 0), (3, 0), (3, 2), (1, 2)], height=4, width=5)

    assert mask.tolist() == drawn(".###.", ".###.", ".###.", ".....")


def test_a_tilted_one_is_rounded_as_opencv_4_10_rounds_it() -> None:
    corners = [(0, 3), (7, 0), (8, 2), (1, 5)]

    mask = mask_of(corners, height=6, width=9)

    # Printed by fillPoly of OpenCV 4.10; 4.14 leaves out the second row's end.
    assert mask.tolist() == drawn(
        "......##.", "....#####", "..#######", "#######..", "#####....", ".##......"
    )


def test_what_lies_outside_is_cut_off() -> None:
    mask = mask_of([(-3, 2), (4, -3), (8, 2), (1, 8)], height=4, width=5)

    assert mask.shape == (4, 5)
    assert mask[2].tolist() == [1, 1, 1, 1, 1]


def test_a_level_edge_takes_its_columns_from_its_neighbours() -> None:
    mask = mask_of([(2, 0), (6, 0), (8, 3), (0, 3)], height=4, width=9)

    assert mask[0].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]
    assert mask[3].tolist() == [1] * 9


@pytest.mark.parametrize("turn", range(4))
def test_the_corner_that_comes_first_is_no_matter(turn: int) -> None:
    corners = [(0, 3), (7, 0), (8, 2), (1, 5)]

    turned = mask_of(corners[turn:] + corners[:turn], height=6, width=9)

    assert np.array_equal(turned, mask_of(corners, height=6, width=9))


@given(st.floats(-45, 45), st.floats(3, 60), st.floats(3, 30), st.floats(30, 40), st.floats(30, 40))
def test_it_is_the_convex_filling_but_for_its_rim(
    angle: float, width: float, height: float, x: float, y: float
) -> None:
    points = cv2.boxPoints(((x, y), (width, height), angle)).astype(np.int32)
    convex = cv2.fillConvexPoly(np.zeros((80, 80), np.uint8), points, 1)
    rim = cv2.polylines(np.zeros((80, 80), np.uint8), [points], True, 1, thickness=3)

    mask = mask_of([(int(u), int(v)) for u, v in points], height=80, width=80)

    assert not ((mask != convex) & (rim == 0)).any()
