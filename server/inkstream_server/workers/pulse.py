"""Decides from what is seen of a worker whether it still lives. It looks at nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LONGEST_BETWEEN_BEATS_S: Final = 1.0
_BEATS_IN_ALLOWANCE: Final = 8
# Of the time between two looks, what a process has computed that has work to do. One whose threads
# only wait for Python's lock uses 0.5 % of a core by asking for it again and again.
_COMPUTES: Final = 0.05


def beat_interval_s(allowed_silence_s: float) -> float:
    """How often a worker beats and is looked at, so that a few late beats are no silence."""
    return min(_LONGEST_BETWEEN_BEATS_S, allowed_silence_s / _BEATS_IN_ALLOWANCE)


@dataclass(frozen=True, slots=True)
class Signs:
    """What one look shows."""

    beat_count: int
    """Beats since the look before."""
    cpu_s: float
    """The processor time that the process has used in its life."""
    is_busy: bool
    """Whether it has a batch."""


class Pulse:
    """The silence of one worker, from look to look; looks are due every `beat_interval_s`.

    A beat ends the silence. So does computing, in a worker that has a batch: a runtime may hold
    Python's lock for a whole inference, and how long that may take is the batch's own limit.

    A look that comes late counts as hardly later than it was due: who did not look was held up
    itself - by its own work, or with the whole machine - and a worker may have been as well.
    """

    def __init__(self, allowed_silence_s: float, *, now: float) -> None:
        self._allowed_silence_s = allowed_silence_s
        self._most_counted_s = 2 * beat_interval_s(allowed_silence_s)
        self._looked_at = now
        self._cpu_s = 0.0
        self._silence_s = 0.0

    def has_stopped(self, signs: Signs, *, now: float) -> bool:
        """Take note of a look. Whether the worker has been silent for longer than allowed."""
        elapsed_s = now - self._looked_at
        computed_s = signs.cpu_s - self._cpu_s
        self._looked_at = now
        self._cpu_s = signs.cpu_s
        if signs.beat_count or (signs.is_busy and computed_s >= _COMPUTES * elapsed_s):
            self._silence_s = 0.0
        else:
            self._silence_s += min(elapsed_s, self._most_counted_s)
        return self._silence_s > self._allowed_silence_s
