"""Decides what width a line is padded to: its own, a multiple of a step, or a rung of a ladder.

Every width is a shape of its own to an engine, which compiles and keeps code for each.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from inkstream_server.models.recipe import RecognitionRecipe

USUAL: Final = RecognitionRecipe()
"""What a model wants that tells nothing."""

MIN_WIDTH_PX: Final = USUAL.min_width_px
MAX_WIDTH_PX: Final = 3200

LADDER: Final[tuple[int, ...]] = (
    *range(MIN_WIDTH_PX, 640, 64),
    *range(640, 1280, 128),
    *range(1280, 2560, 256),
    *(2560, MAX_WIDTH_PX),
)
"""Five equal steps to each doubling: few enough that all shapes which come of them stay compiled,
near enough that lines of real pages get 6 % wider and are read as well; docs/decisions/022."""


@dataclass(frozen=True, slots=True)
class LineWidths:
    """The widths that lines are padded to: multiples of `step_px`, or with None the ladder's.

    `recipe` is the recogniser's, for which they are.
    """

    step_px: int | None
    recipe: RecognitionRecipe = USUAL

    def padded(self, exact_px: int) -> int:
        """The narrowest of them, or the widest input there is, that `exact_px` fits into."""
        if self.step_px is None:
            return LADDER[bisect_left(LADDER, exact_px)]
        return min(math.ceil(exact_px / self.step_px) * self.step_px, MAX_WIDTH_PX)


EXACT: Final = LineWidths(1)
"""PaddleX's widths."""

FEW: Final = LineWidths(None)
