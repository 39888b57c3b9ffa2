from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.simulation.clock import Clock, Steps
from inkstream_server.simulation.cores import Cores, Turns

TIMES = st.floats(min_value=0.001, max_value=10.0)


def ends(
    core_count: float, work: list[tuple[float, float]], thread_count: int = 1
) -> tuple[list[float], float]:
    """When each ended, of work (start, seconds), and how long cores were busy."""
    clock = Clock()
    cores = Cores(clock, core_count)
    ended = [0.0] * len(work)

    def steps(number: int, start: float, seconds: float) -> Steps[None]:
        yield from clock.sleep(start)
        yield from cores.compute(seconds, thread_count)
        ended[number] = clock.now

    for number, (start, seconds) in enumerate(work):
        clock.start(steps(number, start, seconds))
    clock.run_until(1000.0)
    cores.settle()
    return ended, cores.busy_s


def test_who_has_a_core_goes_at_full_speed() -> None:
    assert ends(2, [(0.0, 1.0), (0.5, 3.0)])[0] == pytest.approx([1.0, 3.5])


def test_three_on_two_cores_go_at_two_thirds_until_one_is_done() -> None:
    ended, busy_s = ends(2, [(0.0, 2.0), (0.0, 2.0), (0.0, 4.0)])

    assert ended == pytest.approx([3.0, 3.0, 5.0])
    assert busy_s == pytest.approx(8.0)


def test_two_threads_take_two_cores() -> None:
    ended, busy_s = ends(2, [(0.0, 1.0), (0.0, 1.0)], thread_count=2)

    assert ended == pytest.approx([2.0, 2.0])
    assert busy_s == pytest.approx(4.0)


def test_a_part_of_a_core_is_slower_than_a_whole_one() -> None:
    assert ends(0.5, [(0.0, 1.0)])[0] == pytest.approx([2.0])


@given(st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=12), st.integers(1, 4))
def test_cores_do_all_the_work_and_nobody_goes_faster_than_alone(
    work: list[tuple[float, float]], core_count: int
) -> None:
    ended, busy_s = ends(core_count, work)

    assert busy_s == pytest.approx(sum(seconds for _, seconds in work))
    for end, (start, seconds) in zip(ended, work, strict=True):
        assert end >= start + seconds - 1e-9


def test_turns_are_taken_in_order_of_arrival() -> None:
    clock, seen = Clock(), list[tuple[str, float]]()
    turns = Turns(clock)

    def steps(name: str, seconds: float) -> Steps[None]:
        yield from turns.do(clock.sleep(seconds)).wait()
        seen.append((name, clock.now))

    for name, seconds in (("a", 2.0), ("b", 0.5), ("c", 1.0)):
        clock.start(steps(name, seconds))
    clock.run_until(10.0)

    assert seen == [("a", 2.0), ("b", 2.5), ("c", 3.5)]
    assert turns.busy_s == 3.5


def test_who_gives_up_waiting_leaves_the_turns_in_order() -> None:
    clock, seen = Clock(), list[float]()
    turns = Turns(clock)

    def steps(seconds: float) -> Steps[None]:
        yield from turns.do(clock.sleep(seconds)).wait()
        seen.append(clock.now)

    clock.start(steps(2.0))
    impatient = clock.start(steps(1.0))
    clock.start(steps(1.0))
    clock.at(0.5, impatient.cancel)
    clock.run_until(10.0)

    assert seen == [2.0, 4.0]
