"""Text recognition around the model call: the width of a line, and the tensors in and out.

A line's width follows from its crop alone, and only lines of one width share a batch: no result
depends on what else is read at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.stages.ctc import characters, decode, kept_steps
from inkstream_server.stages.line_widths import EXACT, MAX_WIDTH_PX, USUAL, LineWidths
from inkstream_server.stages.normalisation import CENTRED_TABLES, normalise_into
from inkstream_server.stages.words import Span, spans

LINE_HEIGHT_PX: Final = USUAL.height_px
"""Of nearly all models; a model's own is in its recipe."""


@dataclass(frozen=True, slots=True)
class LineText:
    """One line's text, how sure the model is of it, 0..1, and its words where asked for."""

    text: str
    score: float
    words: tuple[Span, ...] = ()


def line_width(height_px: int, width_px: int, widths: LineWidths = EXACT) -> tuple[int, int]:
    """Tell, for a crop of this size, the width it is fitted to and the width it is padded to."""
    line_px = widths.recipe.height_px
    ratio = max(widths.recipe.min_width_px / line_px, width_px / height_px)
    exact = min(int(line_px * ratio), MAX_WIDTH_PX)
    fitted = min(math.ceil(line_px * (width_px / height_px)), exact)
    return fitted, widths.padded(exact)


def fit(crop: NDArray[np.uint8], shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    """Fit a crop (h x w x 3, BGR, not empty) to a model's line height x its fitted width x 3.

    None: to what the usual models want.
    """
    if shape is None:
        shape = (LINE_HEIGHT_PX, line_width(crop.shape[0], crop.shape[1])[0])
    height, width, *_ = shape
    return np.asarray(cv2.resize(crop, (width, height)), np.uint8)


def prepare(
    lines: Sequence[NDArray[np.uint8]], padded_width: int, *, is_rgb: bool = False
) -> NDArray[np.float32]:
    """Make the input tensor (N x 3 x h x padded_width) of fitted lines (h x w x 3, BGR).

    Right of a line stand zeros, which is mid-grey: they are set after the normalisation.
    """
    tensor = np.zeros((len(lines), 3, lines[0].shape[0], padded_width), np.float32)
    for line, planes in zip(lines, tensor, strict=True):
        normalise_into(planes, line, CENTRED_TABLES, swaps_channels=is_rgb)
    return tensor


def interpret(
    class_ids: NDArray[np.int32], maxima: NDArray[np.float32], alphabet: Sequence[str]
) -> list[LineText]:
    """Read the model's answer (N x T each) as one text per line; `alphabet` is `ctc.alphabet`'s."""
    return [
        LineText(*decode(line_ids, line_maxima, alphabet))
        for line_ids, line_maxima in zip(class_ids, maxima, strict=True)
    ]


def interpret_words(
    class_ids: NDArray[np.int32], alphabet: Sequence[str], widths: tuple[int, int]
) -> tuple[Span, ...]:
    """Read the words of one line (T), which was fitted to and padded to these widths."""
    fitted, padded = widths
    steps = kept_steps(class_ids)
    line_steps = len(class_ids) * fitted / padded
    return spans(characters(class_ids, steps, alphabet), steps.tolist(), line_steps)
