"""Who goes first when there is not enough for all. What each is granted is told in `shares`."""

from __future__ import annotations

from enum import Enum


class Priority(Enum):
    """Interactive work goes first; of a pool that both want, batch work keeps a share."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
