from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.stages.reading_order import reading_order

points = st.tuples(st.integers(0, 300), st.integers(0, 300))


def test_regions_are_read_from_top_to_bottom() -> None:
    assert reading_order([(0, 50), (0, 10), (0, 30)]) == [1, 2, 0]


def test_regions_of_one_line_are_read_from_left_to_right() -> None:
    assert reading_order([(80, 10), (40, 15), (0, 19)]) == [2, 1, 0]


def test_ten_pixels_apart_is_another_line() -> None:
    assert reading_order([(80, 10), (0, 20)]) == [0, 1]


def test_regions_at_the_same_place_keep_the_order_they_came_in() -> None:
    assert reading_order([(5, 5), (5, 5), (5, 5)]) == [0, 1, 2]


def test_no_region_has_no_order() -> None:
    assert reading_order([]) == []


@given(st.lists(points, max_size=40))
def test_every_region_is_read_once(first_vertices: list[tuple[int, int]]) -> None:
    assert sorted(reading_order(first_vertices)) == list(range(len(first_vertices)))
