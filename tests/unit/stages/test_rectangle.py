import numpy as np
import pytest

from inkstream_server.stages.rectangle import enclosing_rectangle


def test_corners_go_clockwise_from_the_top_left() -> None:
    points = np.array([(50, 30), (10, 30), (10, 10), (50, 10)], np.int32)

    corners, short_side = enclosing_rectangle(points)

    assert corners.tolist() == [[10, 10], [50, 10], [50, 30], [10, 30]]
    assert short_side == 20


@pytest.mark.parametrize("tilt", [(3, 20), (-3, 20)])
def test_corners_of_a_tilted_rectangle_go_clockwise_too(tilt: tuple[int, int]) -> None:
    across = np.array((100, -tilt[0]), np.float32)
    down = np.array((tilt[0], 100), np.float32) * 0.2
    start = np.array((50, 50), np.float32)
    points = np.array([start, start + across, start + across + down, start + down])

    corners, short_side = enclosing_rectangle(points)

    np.testing.assert_allclose(corners, points, atol=0.01)
    assert short_side == pytest.approx(20, abs=0.1)


def test_a_single_point_has_a_rectangle_without_extent() -> None:
    corners, short_side = enclosing_rectangle(np.array([[[7, 8]]], np.int32))

    assert corners.tolist() == [[7, 8]] * 4
    assert short_side == 0
