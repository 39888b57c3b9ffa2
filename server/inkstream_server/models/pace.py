"""Whether a download comes on fast enough. Pure: told the time, holds no clock."""

from __future__ import annotations


class Pace:
    """Cut into windows: too slow is whatever brings less than `min_bytes` in one of them.

    A socket's own time-out does not see a server that sends one byte now and then.
    """

    def __init__(self, window_s: float, min_bytes: float, *, now: float) -> None:
        self._window_s = window_s
        self._min_bytes = min_bytes
        self._started_at = now
        self._byte_count = 0

    def is_too_slow(self, byte_count: int, *, now: float) -> bool:
        """After `byte_count` more bytes."""
        self._byte_count += byte_count
        if now - self._started_at < self._window_s:
            return False
        is_too_slow = self._byte_count < self._min_bytes
        self._started_at, self._byte_count = now, 0
        return is_too_slow
