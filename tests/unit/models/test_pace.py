from inkstream_server.models.pace import Pace


def test_what_comes_fast_enough_goes_on() -> None:
    pace = Pace(10.0, 1000, now=100.0)

    assert not pace.is_too_slow(999, now=109.9)
    assert not pace.is_too_slow(1, now=110.0)


def test_what_trickles_is_too_slow_once_a_window_is_over() -> None:
    pace = Pace(10.0, 1000, now=100.0)

    assert not pace.is_too_slow(1, now=109.9)
    assert pace.is_too_slow(1, now=110.0)


def test_what_came_in_one_window_does_not_count_in_the_next() -> None:
    pace = Pace(10.0, 1000, now=100.0)
    pace.is_too_slow(1_000_000, now=110.0)

    assert pace.is_too_slow(999, now=120.0)
