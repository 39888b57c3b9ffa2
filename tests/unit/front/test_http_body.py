from __future__ import annotations

from inkstream_server.front.http_body import BodyLimits

LIMITS = BodyLimits(max_file_bytes=1 << 20, max_idle_s=10.0, min_bytes_per_s=100.0)


def test_a_body_that_comes_fast_may_pause() -> None:
    assert LIMITS.patience_s(size_bytes=100_000, waited_s=20.0) == 10.0


def test_a_body_that_drips_is_waited_for_no_longer_than_its_rate_allows() -> None:
    assert LIMITS.patience_s(size_bytes=200, waited_s=9.0) == 3.0
    assert LIMITS.patience_s(size_bytes=200, waited_s=12.5) == 0.0
