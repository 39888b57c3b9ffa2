"""Decides what becomes of a batch whose worker was lost with it: again, in halves, or refused.

Pure: it holds no task and no worker, and nothing is run here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from typing import Final

from inkstream_server.workers.loss import Cause


class Verdict(Enum):
    """What to do with a batch next."""

    AGAIN = "again"
    HALVE = "halve"
    REFUSE = "refuse"


# Whoever is in a batch with the guilty one is innocent, and so may all of them be: one loss may be
# chance. Running in halves costs nothing but speed.
_LOSSES_OF_A_BATCH: Final = 2
# That much time is not spent twice on finding out.
_HALVED_AT_ONCE: Final = frozenset({Cause.OVERDUE, Cause.SILENT})
# How many workers an item that runs alone may cost, by the way they end. What crashes three is no
# chance. No input sends SIGKILL: an operator does, again and again perhaps, or a kernel that is
# short of memory - which may be the input's doing, so that there is an end to it too.
_LOSSES_OF_AN_ITEM: Final = {
    Cause.CRASHED: 3,
    Cause.KILLED: 8,
    Cause.TOO_LARGE: 8,
    Cause.SILENT: 2,
    Cause.OVERDUE: 1,
}


@dataclass(frozen=True, slots=True)
class Blame:
    """What the losses of workers say against one batch."""

    losses: tuple[Cause, ...] = ()
    is_part: bool = False
    """Whether it is a part of a batch that was halved, which holds what ends workers, or did."""

    def after(self, cause: Cause) -> Blame:
        return replace(self, losses=(*self.losses, cause))

    def of_half(self) -> Blame:
        """What is left of it for a half of the batch: an item is judged by its own losses alone."""
        return Blame(is_part=True)

    def verdict(self, item_count: int) -> Verdict:
        """What to do with a batch of so many items, the last loss being the newest."""
        if item_count == 1:
            guilt = sum(Fraction(1, _LOSSES_OF_AN_ITEM[cause]) for cause in self.losses)
            return Verdict.REFUSE if guilt >= 1 else Verdict.AGAIN
        is_enough = self.is_part or len(self.losses) >= _LOSSES_OF_A_BATCH
        if is_enough or self.losses[-1] in _HALVED_AT_ONCE:
            return Verdict.HALVE
        return Verdict.AGAIN
