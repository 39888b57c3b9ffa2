"""What the kernel says of a process: the processor time and the memory that it has taken."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = resource.getpagesize()
_SCHEDULER_CLOCK: Final = 2


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have computed; 0 of one that is gone. It needs no file."""
    clock = (~pid << 3) | _SCHEDULER_CLOCK  # as clock_getcpuclockid(3) does, which Python lacks
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0


def address_space_bytes(pid: int) -> int:
    """What a process has mapped, used or not. Raises OSError."""
    statm = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    return int(statm.split()[0]) * _PAGE_BYTES


def own_memory_bytes(pid: int) -> int:
    """What a process has in memory, without what it shares with others; 0 of one that is gone."""
    try:
        statm = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
    except OSError:  # or there is no descriptor left to ask with
        return 0
    _, resident, shared, *_ = statm.split()
    return (int(resident) - int(shared)) * _PAGE_BYTES
