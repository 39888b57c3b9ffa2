"""Turns a priority and a time of admission into the one number that queues are ordered by."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Priority(Enum):
    """Who goes first when there is not enough for all."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


# An interactive page is treated as if it had come this much earlier. Because batch pages age
# while they wait, they are overtaken for that long and never starved.
_INTERACTIVE_HEAD_START_S: Final = 10.0


def rank(priority: Priority, admitted_at: float) -> float:
    """The rank of all work of a page admitted at `admitted_at` (seconds); lower goes first."""
    head_start_s = _INTERACTIVE_HEAD_START_S if priority is Priority.INTERACTIVE else 0.0
    return admitted_at - head_start_s
