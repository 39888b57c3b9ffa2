"""Both ends of a worker's heartbeat: a counter in the kernel, which one end raises and one takes.

Nothing waits in it, fills up or passes the event loop; see docs/decisions/023.
"""

from __future__ import annotations

import os
import threading
import time


class Heartbeat:
    """The server's end."""

    def __init__(self) -> None:
        self._descriptor: int | None = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    @property
    def descriptor(self) -> int:
        """What the worker inherits."""
        assert self._descriptor is not None, "closed"
        return self._descriptor

    def take(self) -> int:
        """The number of beats since it was last asked for."""
        if self._descriptor is None:
            return 0
        try:
            return os.eventfd_read(self._descriptor)
        except BlockingIOError:  # the counter stands at 0
            return 0

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def start_beating(descriptor: int, interval_s: float) -> None:
    """Beat for as long as this process can run Python, whatever its other threads do."""
    threading.Thread(
        target=_beat, args=(descriptor, interval_s), name="heartbeat", daemon=True
    ).start()


def _beat(descriptor: int, interval_s: float) -> None:
    while True:
        os.eventfd_write(descriptor, 1)
        time.sleep(interval_s)
