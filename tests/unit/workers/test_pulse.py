from __future__ import annotations

import pytest

from inkstream_server.workers.pulse import Pulse, Signs, beat_interval_s

ALLOWED_S = 8.0
INTERVAL_S = beat_interval_s(ALLOWED_S)


class Watched:
    """A pulse that is looked at when it is due, with a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self._cpu_s = 0.0
        self._pulse = Pulse(ALLOWED_S, now=self.now)

    def look(
        self, *, beats: int = 0, share: float = 0.0, busy: bool = False, after_s: float = INTERVAL_S
    ) -> bool:
        """Whether it has stopped, at a look that shows that share of a core in use."""
        self.now += after_s
        self._cpu_s += share * after_s
        return self._pulse.has_stopped(Signs(beats, self._cpu_s, busy), now=self.now)

    def silence_s(self, *, share: float = 0.0, busy: bool = False) -> float:
        """How long it takes from now on until it is given up."""
        started_at = self.now
        while not self.look(share=share, busy=busy):
            assert self.now - started_at < 10 * ALLOWED_S, "it never is"
        return self.now - started_at


def test_a_worker_that_beats_lives() -> None:
    watched = Watched()

    assert not any(watched.look(beats=1) for _ in range(100))


@pytest.mark.parametrize("busy", [False, True])
def test_silence_is_allowed_as_long_as_it_says_and_no_longer(busy: bool) -> None:
    assert Watched().silence_s(busy=busy) == ALLOWED_S + INTERVAL_S


def test_a_beat_ends_a_silence() -> None:
    watched = Watched()
    for _ in range(7):
        watched.look()
    watched.look(beats=1)

    assert watched.silence_s() == ALLOWED_S + INTERVAL_S


def test_a_batch_that_computes_without_a_beat_is_no_silence() -> None:
    watched = Watched()

    assert not any(watched.look(share=0.2, busy=True) for _ in range(100))


def test_an_idle_worker_has_nothing_to_compute() -> None:
    assert Watched().silence_s(share=1.0) == ALLOWED_S + INTERVAL_S


def test_to_ask_for_a_lock_all_the_time_is_not_to_compute() -> None:
    assert Watched().silence_s(share=0.01, busy=True) == ALLOWED_S + INTERVAL_S


def test_what_was_computed_before_the_silence_does_not_count() -> None:
    watched = Watched()
    watched.look(share=50.0, busy=True)

    assert watched.silence_s(busy=True) == ALLOWED_S + INTERVAL_S


def test_a_look_that_comes_late_blames_no_worker() -> None:
    watched = Watched()

    assert not watched.look(after_s=3600.0)
    assert not watched.look(beats=1)


def test_late_looks_find_a_stopped_worker_too() -> None:
    watched = Watched()
    looks = [watched.look(after_s=60.0) for _ in range(5)]

    assert looks == [False, False, False, False, True]


@pytest.mark.parametrize(("allowed_s", "interval_s"), [(0.8, 0.1), (8.0, 1.0), (600.0, 1.0)])
def test_some_beats_may_be_late_within_what_is_allowed(allowed_s: float, interval_s: float) -> None:
    assert beat_interval_s(allowed_s) == pytest.approx(interval_s)
