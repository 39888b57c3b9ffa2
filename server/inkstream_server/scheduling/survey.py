"""Decides what is worth measuring of a model. It takes no time itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# A batch that takes longer makes everybody behind it wait, whatever it may gain.
_LONGEST_BATCH_S: Final = 1.0
# Less than this is no gain.
_GAIN: Final = 0.03
# A batch that takes this long is measured well at once. One that does not may have met other work
# on the machine, so only the second size that gains nothing ends the growth.
_CERTAIN_S: Final = 0.1


def is_worth_growing(seconds: Mapping[int, float]) -> bool:
    """Whether larger batches than these are worth a try; `seconds` are of one shape, by count."""
    counts = sorted(seconds)
    last_s = seconds[counts[-1]]
    if last_s > _LONGEST_BATCH_S:
        return False
    beaten_s = seconds[counts[0]] / counts[0]
    fruitless = 0
    for count in counts[1:]:
        item_s = seconds[count] / count
        fruitless += 1
        if item_s < beaten_s * (1 - _GAIN):
            beaten_s, fruitless = item_s, 0
    return fruitless < (1 if last_s >= _CERTAIN_S else 2)
