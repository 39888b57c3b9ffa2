from __future__ import annotations

import itertools

import pytest

from inkstream.load.arrivals import Arrivals, due_times


def first(count: int, arrivals: Arrivals, rate_per_s: float, seed: int = 1) -> list[float]:
    return list(itertools.islice(due_times(arrivals, rate_per_s, seed), count))


def test_constant_arrivals_are_equally_far_apart_from_0_on() -> None:
    assert first(4, "constant", 4.0) == [0.0, 0.25, 0.5, 0.75]


def test_constant_arrivals_do_not_drift() -> None:
    assert first(300_001, "constant", 3.0)[-1] == 100_000.0


def test_poisson_arrivals_have_the_rate_asked_for() -> None:
    times = first(20_000, "poisson", 50.0)

    assert times[-1] == pytest.approx(400.0, rel=0.03)


def test_poisson_arrivals_are_as_uneven_as_independent_callers() -> None:
    times = first(20_000, "poisson", 50.0)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)

    assert min(gaps) >= 0.0
    assert variance == pytest.approx(mean**2, rel=0.1)  # as of an exponential distribution


def test_a_seed_repeats_poisson_arrivals_and_another_one_does_not() -> None:
    assert first(10, "poisson", 5.0, seed=7) == first(10, "poisson", 5.0, seed=7)
    assert first(10, "poisson", 5.0, seed=7) != first(10, "poisson", 5.0, seed=8)
