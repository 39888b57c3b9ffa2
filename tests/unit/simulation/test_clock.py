from __future__ import annotations

import pytest

from inkstream_server.simulation.clock import Cancelled, Clock, Signal, Steps


def test_what_is_put_down_for_one_moment_happens_in_the_order_it_was_put_down() -> None:
    clock, seen = Clock(), list[str]()
    clock.at(2.0, lambda: seen.append("c"))
    clock.at(1.0, lambda: seen.append("a"))
    clock.at(1.0, lambda: seen.append("b"))

    clock.run_until(1.5)

    assert seen == ["a", "b"]
    assert clock.now == 1.5


def test_a_process_sleeps_in_virtual_time() -> None:
    clock, seen = Clock(), list[float]()

    def steps() -> Steps[str]:
        yield from clock.sleep(3.0)
        seen.append(clock.now)
        return "done"

    process = clock.start(steps())
    clock.run_until(10.0)

    assert seen == [3.0]
    assert process.ended.value == "done"


def test_a_cancelled_process_tidies_up_and_goes_no_further() -> None:
    clock, seen = Clock(), list[str]()

    def steps() -> Steps[None]:
        try:
            yield from clock.sleep(3.0)
            seen.append("slept")
        except Cancelled:
            seen.append(f"cancelled at {clock.now:g}")
            raise

    process = clock.start(steps())
    clock.at(1.0, process.cancel)
    clock.run_until(10.0)

    assert seen == ["cancelled at 1"]
    assert process.ended.has_happened
    assert process.ended.value is None


def test_a_process_that_is_cancelled_in_the_moment_it_is_woken_goes_no_further() -> None:
    clock, seen = Clock(), list[str]()
    signal: Signal[None] = Signal(clock)

    def steps() -> Steps[None]:
        yield from signal.wait()
        seen.append("woken")

    process = clock.start(steps())
    clock.run_until(1.0)
    signal.happen(None)
    process.cancel()
    clock.run_until(2.0)

    assert seen == []


def test_cancelling_what_has_ended_changes_nothing() -> None:
    clock = Clock()

    def steps() -> Steps[int]:
        yield from clock.sleep(1.0)
        return 7

    process = clock.start(steps())
    clock.run_until(2.0)
    process.cancel()

    assert process.ended.value == 7


def test_what_a_process_raises_ends_the_simulation() -> None:
    clock = Clock()

    def steps() -> Steps[None]:
        yield from clock.sleep(1.0)
        raise ZeroDivisionError

    clock.start(steps())

    with pytest.raises(ZeroDivisionError):
        clock.run_until(2.0)


def test_any_of_several_signals_is_enough() -> None:
    clock, seen = Clock(), list[float]()

    def steps() -> Steps[None]:
        sleeps = [clock.start(clock.sleep(seconds)).ended for seconds in (5.0, 2.0, 2.0)]
        yield from clock.any_of(sleeps)
        seen.append(clock.now)

    clock.start(steps())
    clock.run_until(10.0)

    assert seen == [2.0]
