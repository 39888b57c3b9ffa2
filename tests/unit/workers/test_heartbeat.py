from __future__ import annotations

import os

from inkstream_server.workers.heartbeat import Heartbeat


def test_beats_are_counted_until_they_are_taken() -> None:
    heartbeat = Heartbeat()

    assert heartbeat.take() == 0
    for _ in range(1000):
        os.eventfd_write(heartbeat.descriptor, 1)
    assert heartbeat.take() == 1000
    assert heartbeat.take() == 0
    heartbeat.close()


def test_one_that_is_closed_has_no_beats_and_no_descriptor() -> None:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - their names alone
    heartbeat = Heartbeat()
    os.eventfd_write(heartbeat.descriptor, 1)

    heartbeat.close()
    heartbeat.close()

    assert heartbeat.take() == 0
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
