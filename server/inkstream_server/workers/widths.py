"""Decides what widths a recogniser's lines are padded to, and which shapes it is warmed up with."""

from __future__ import annotations

from typing import Final

from inkstream_server.engines.engine import Precision
from inkstream_server.models.recipe import RecognitionRecipe
from inkstream_server.stages.line_widths import EXACT, FEW, LADDER, MIN_WIDTH_PX, USUAL, LineWidths

WARM_COUNTS: Final = (1, 2, 4, 8)
# The largest batches of lines: what is larger would be compiled when it is met.
WARM_PX: Final = 8 * MIN_WIDTH_PX


def widths_of(step_px: int | None, precision: str, recipe: RecognitionRecipe = USUAL) -> LineWidths:
    """What is configured; else exact where the texts are to be PaddleX's, and few elsewhere."""
    if step_px is None:
        step_px = (EXACT if precision == Precision.FP32.value else FEW).step_px
    return LineWidths(step_px, recipe)


def shapes_to_warm(widths: LineWidths) -> list[tuple[int, int]]:
    """The (lines, padded width) to run at the start, the largest first.

    Of the ladder that is every batch there will be. Shapes of equal area come one after the other:
    they share code, as long as it is still at hand.
    """
    narrowest = widths.padded(widths.recipe.min_width_px)
    is_ladder = widths.step_px == FEW.step_px
    warm_widths = [each for each in LADDER if each >= narrowest] if is_ladder else [narrowest]
    shapes = [
        (count, width)
        for width in warm_widths
        for count in WARM_COUNTS
        if count == 1 or count * width <= WARM_PX
    ]
    return sorted(shapes, key=lambda shape: (-shape[0] * shape[1], shape[0]))
