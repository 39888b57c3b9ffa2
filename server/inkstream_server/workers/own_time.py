"""A clock for measuring what work takes on a machine that others use too."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

# Three numbers: nanoseconds on a core, nanoseconds ready and without one, turns.
_SCHEDULING: Final = Path("/proc/thread-self/schedstat")


class OwnTime:
    """Stands still while the thread that made it is ready to run and waits for a core.

    Where the kernel does not count the waiting it is a plain clock. It is read by that thread only.
    """

    def __init__(self, scheduling: Path = _SCHEDULING) -> None:
        try:
            self._file: int | None = os.open(scheduling, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = None

    def now_s(self) -> float:
        """Seconds of this clock; only differences mean something."""
        while True:
            waited_s, now_s = self.waited_s(), time.perf_counter()
            if waited_s == self.waited_s():  # else the thread waited just between the two
                return now_s - waited_s

    def waited_s(self) -> float:
        """How long the thread has waited in its life."""
        if self._file is None:
            return 0.0
        return int(os.pread(self._file, 128, 0).split()[1]) / 1e9

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
