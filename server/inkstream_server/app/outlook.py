"""Decides whether the pools are well enough to serve, to be waited for, or not at all any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

# A worker that died is back long before this.
_PATIENCE_S: Final = 15.0


class Outlook(Enum):
    """What a server can promise."""

    SERVING = "serving"
    WAITING = "waiting"  # nobody is let in until there are workers again
    HOPELESS = "hopeless"  # whoever starts servers has to see to it


@dataclass(frozen=True, slots=True)
class PoolState:
    """One look at a pool: whether a worker is warm, and how often in a row each slot failed."""

    has_workers: bool
    failed_start_counts: Sequence[int]


class PoolWatch:
    """Judges by one look after the other.

    A pool without workers is waited for before anybody is told, even if a start fails: calls wait
    better than they try again.
    """

    def __init__(self, max_failed_starts: int) -> None:
        self._max_failed_starts = max_failed_starts
        self._missed_at: float | None = None

    def outlook(self, pools: Sequence[PoolState], *, now: float) -> Outlook:
        missing = [pool for pool in pools if not pool.has_workers]
        if not missing:
            self._missed_at = None
            return Outlook.SERVING
        if self._missed_at is None:
            self._missed_at = now
        if any(min(pool.failed_start_counts) >= self._max_failed_starts for pool in missing):
            return Outlook.HOPELESS
        return Outlook.SERVING if now - self._missed_at < _PATIENCE_S else Outlook.WAITING
