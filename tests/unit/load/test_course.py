from __future__ import annotations

from inkstream.load.course import Course, Phase
from inkstream.load.plan import Requests, Seconds

WARM_UP, MEASURED, OVER = Phase.WARM_UP, Phase.MEASURED, Phase.OVER


def test_phases_by_time() -> None:
    course = Course(Seconds(2), Seconds(10))

    assert course.ends_at_s == 12
    placed = [course.place(due_at_s) for due_at_s in (0.0, 1.9, 2.0, 11.9, 12.0)]
    assert placed == [WARM_UP, WARM_UP, MEASURED, MEASURED, OVER]


def test_phases_by_count() -> None:
    course = Course(Requests(2), Requests(3))

    assert [course.place(float(n)) for n in range(6)] == [
        *(WARM_UP, WARM_UP),
        *(MEASURED, MEASURED, MEASURED),
        OVER,
    ]
    assert course.begins_at_s == 2.0
    assert course.ends_at_s is None


def test_a_time_to_measure_counts_from_the_end_of_a_warm_up_by_count() -> None:
    course = Course(Requests(1), Seconds(10))

    assert course.ends_at_s is None
    assert [course.place(due_at_s) for due_at_s in (0.0, 3.0, 12.9, 13.0)] == [
        *(WARM_UP, MEASURED, MEASURED),
        OVER,
    ]
    assert course.ends_at_s == 13.0


def test_no_warm_up_begins_at_once() -> None:
    course = Course(Seconds(0), Requests(1))

    assert course.place(0.0) is MEASURED
    assert course.place(0.0) is OVER


def test_where_the_run_stands_is_told_without_placing_anything() -> None:
    course = Course(Seconds(2), Seconds(10))

    assert [course.phase_at(now_s) for now_s in (1.0, 2.0, 11.0, 12.0)] == [
        *(WARM_UP, MEASURED, MEASURED),
        OVER,
    ]
    assert Course(Requests(1), Requests(1)).phase_at(5.0) is WARM_UP
