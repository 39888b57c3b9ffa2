"""How much processor time a process and all that it started have used."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


def cpu_time_s(root: int) -> float:
    """Of the processes that are alive now: what one used that has ended since is not in it."""
    ticks: dict[int, int] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it has just ended
        # The name stands in brackets and may hold anything; proc_pid_stat(5) counts from 1.
        fields = text.rpartition(")")[2].split()
        pid = int(path.parent.name)
        children[int(fields[1])].append(pid)
        ticks[pid] = int(fields[11]) + int(fields[12])
    family = [root]
    for pid in family:
        family += children[pid]
    return sum(ticks.get(pid, 0) for pid in family) * _TICK_S
