import pytest

from inkstream_server.scheduling.learning import DrainRate, FadingRatio


def test_before_anything_is_noted_the_first_guess_holds() -> None:
    assert FadingRatio(3.0, weight=10.0).value == 3.0
    assert DrainRate(2.0).value == 2.0


def test_what_is_measured_takes_the_place_of_the_guess() -> None:
    ratio = FadingRatio(3.0, weight=10.0)
    for _ in range(100):
        ratio.note(5.0, 1.0)

    assert ratio.value == pytest.approx(5.0, rel=1e-3)


def test_a_mean_is_of_sums_and_not_of_ratios() -> None:
    ratio = FadingRatio(1.0, weight=1e-9)
    ratio.note(100.0, 1.0)
    ratio = FadingRatio(1.0, weight=1000.0)
    for _ in range(2000):
        ratio.note(30.0, 10.0)
        ratio.note(0.0, 20.0)

    assert ratio.value == pytest.approx(1.0, rel=0.02)


def test_old_measurements_fade() -> None:
    ratio = FadingRatio(0.0, weight=10.0)
    ratio.note(10.0, 10.0)
    before = ratio.value
    for _ in range(10):
        ratio.note(0.0, 1.0)

    assert before == 0.5
    assert ratio.value == pytest.approx(before / 2.7, rel=0.1)


def test_a_rate_is_the_work_of_busy_times_by_their_length() -> None:
    rate = DrainRate(1.0, memory_s=10.0)
    for second in range(100):
        rate.note_done(3.0, now=float(second))

    assert rate.value == pytest.approx(3.0, rel=1e-3)


def test_idle_times_say_nothing_of_the_rate() -> None:
    rate = DrainRate(2.0)
    for second in (0.0, 1000.0, 5000.0):
        rate.note_done(1.0, now=second)
        rate.note_idle()

    assert rate.value == 2.0
