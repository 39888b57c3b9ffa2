from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.scheduling.cost_table import CostTable, Measurement, NotMeasured, Shape

WIDTHS = (320, 640, 1280)
COUNTS = (1, 2, 4, 8)
SECONDS = st.floats(1e-5, 10.0)
GRIDS = st.lists(SECONDS, min_size=12, max_size=12)


def grid(seconds: list[float]) -> list[Measurement]:
    points = [(width, count) for width in WIDTHS for count in COUNTS]
    return [
        Measurement("rec", (width,), count, each)
        for (width, count), each in zip(points, seconds, strict=True)
    ]


def rising(seconds: list[float]) -> list[float]:
    """The same, but that no batch takes less than a smaller one."""
    rows = len(WIDTHS), len(COUNTS)
    sums = [[0.0] * rows[1] for _ in range(rows[0])]
    for i in range(rows[0]):
        for j in range(rows[1]):
            before = max(sums[i - 1][j] if i else 0.0, sums[i][j - 1] if j else 0.0)
            sums[i][j] = before + seconds[i * rows[1] + j]
    return [each for row in sums for each in row]


def of(*points: tuple[Shape, int, float]) -> CostTable:
    return CostTable(Measurement("m", shape, count, seconds) for shape, count, seconds in points)


@given(seconds=GRIDS)
def test_what_was_measured_is_what_the_table_says(seconds: list[float]) -> None:
    measured = grid(rising(seconds))
    table = CostTable(measured)

    for each in measured:
        assert table.batch_s("rec", each.shape, each.count) == each.seconds


@given(
    seconds=GRIDS,
    width=st.integers(1, 4000),
    more_px=st.integers(0, 2000),
    count=st.integers(1, 40),
    more=st.integers(0, 20),
)
def test_more_items_and_more_pixels_never_take_less_time(
    seconds: list[float], width: int, more_px: int, count: int, more: int
) -> None:
    table = CostTable(grid(seconds))

    smaller = table.batch_s("rec", (width,), count)
    larger = table.batch_s("rec", (width + more_px,), count + more)

    assert larger >= smaller * (1 - 1e-9)


@given(
    seconds=GRIDS,
    ends=st.lists(st.integers(1, 4), min_size=3, max_size=3),
    width=st.integers(1, 4000),
    more_px=st.integers(0, 2000),
    count=st.integers(1, 40),
)
def test_so_it_is_where_wide_items_were_measured_in_small_batches_only(
    seconds: list[float], ends: list[int], width: int, more_px: int, count: int
) -> None:
    kept = [
        each
        for each in grid(seconds)
        if COUNTS.index(each.count) < ends[WIDTHS.index(each.shape[0])]
    ]
    table = CostTable(kept)

    smaller = table.batch_s("rec", (width,), count)
    larger = table.batch_s("rec", (width + more_px,), count + 1)

    assert larger >= smaller * (1 - 1e-9)


def test_between_two_measurements_the_time_is_between_theirs() -> None:
    table = of(((100,), 1, 1.0), ((100,), 3, 2.0), ((300,), 1, 3.0), ((300,), 3, 4.0))

    assert table.batch_s("m", (100,), 2) == pytest.approx(1.5)
    assert table.batch_s("m", (200,), 1) == pytest.approx(2.0)
    assert table.batch_s("m", (200,), 2) == pytest.approx(2.5)


def test_outside_of_them_time_is_in_proportion() -> None:
    table = of(((100,), 1, 1.0), ((100,), 2, 1.5), ((200,), 1, 2.0), ((200,), 2, 3.0))

    assert table.batch_s("m", (100,), 4) == pytest.approx(3.0)
    assert table.batch_s("m", (400,), 1) == pytest.approx(4.0)
    assert table.batch_s("m", (50,), 1) == pytest.approx(0.5)
    assert table.batch_s("m", (400,), 4) == pytest.approx(12.0)


def test_of_a_shape_only_its_pixels_count() -> None:
    table = of(((640, 960), 1, 0.2), ((960, 960), 1, 0.3))

    assert table.batch_s("m", (960, 640), 1) == 0.2


def test_shapes_of_as_many_pixels_share_their_mean() -> None:
    table = of(((640, 960), 1, 0.25), ((960, 640), 1, 0.75))

    assert table.batch_s("m", (640, 960), 1) == 0.5


def test_a_measurement_that_was_disturbed_is_lowered_to_that_of_a_larger_batch() -> None:
    table = of(((100,), 1, 1.0), ((100,), 2, 9.0), ((100,), 4, 3.0), ((200,), 1, 0.9))

    assert table.batch_s("m", (100,), 1) == 0.9
    assert table.batch_s("m", (100,), 2) == 3.0
    assert table.batch_s("m", (100,), 4) == 3.0
    assert table.measurements("m")[1].seconds == 9.0


def test_an_item_has_its_share_of_the_batch() -> None:
    table = of(((100,), 1, 1.0), ((100,), 4, 2.0))

    assert table.item_s("m", (100,)) == 1.0
    assert table.item_s("m", (100,), 4) == 0.5


def test_nothing_is_said_of_a_model_that_was_not_measured() -> None:
    table = of(((100,), 1, 1.0))

    with pytest.raises(NotMeasured, match="'other'"):
        table.batch_s("other", (100,), 1)
    with pytest.raises(NotMeasured):
        table.measurements("other")


def test_each_model_has_its_own_times() -> None:
    table = CostTable([Measurement("a", (1,), 1, 1.0), Measurement("b", (1,), 1, 2.0)])

    assert table.models == ("a", "b")
    assert (table.batch_s("a", (1,), 1), table.batch_s("b", (1,), 1)) == (1.0, 2.0)


@given(seconds=GRIDS)
def test_a_table_that_was_written_as_json_is_read_back(seconds: list[float]) -> None:
    table = CostTable([*grid(seconds), Measurement("det", (32, 64), 1, 0.5, 0.25)])

    again = CostTable.from_values(json.loads(json.dumps(table.to_values())))

    assert again.models == ("rec", "det")
    for model in again.models:
        assert again.measurements(model) == table.measurements(model)


GOOD = {"model": "m", "shape": [320], "count": 1, "seconds": 0.5, "engine_seconds": 0.25}


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": 1},
        {"shape": []},
        {"shape": [0]},
        {"shape": [1.5]},
        {"shape": "320"},
        {"count": 0},
        {"count": True},
        {"seconds": 0.0},
        {"seconds": math.inf},
        {"seconds": math.nan},
        {"seconds": "0.5"},
        {"engine_seconds": None},
    ],
)
def test_what_is_no_measurement_is_refused(wrong: dict[str, object]) -> None:
    assert CostTable.from_values([GOOD]).models == ("m",)

    with pytest.raises(ValueError, match="no measurement"):
        CostTable.from_values([GOOD | wrong])


@pytest.mark.parametrize("values", [None, {}, "[]", [None], [[]]])
def test_what_is_no_list_of_measurements_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match="measurement"):
        CostTable.from_values(values)
