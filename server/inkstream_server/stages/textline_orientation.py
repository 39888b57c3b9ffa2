"""Line orientation around the model call: is this line upside down?

Two families of classifiers differ in how a line is fitted and when their word counts; a
`LineClassifier` says how, so that a third is one more value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.models.line_family import LineFamily
from inkstream_server.stages.normalisation import (
    CENTRED_TABLES,
    IMAGENET_TABLES,
    normalise_into,
)


@dataclass(frozen=True, slots=True, eq=False)
class LineClassifier:
    """How one family of classifiers wants its lines, and from which score on it is believed.

    A line that keeps its ratio is padded on the right with zeros after the normalisation.
    """

    height_px: int
    width_px: int
    keeps_ratio: bool
    is_rgb: bool
    tables: NDArray[np.float32]
    min_score: float


MOBILE_V2: Final = LineClassifier(48, 192, True, False, CENTRED_TABLES, min_score=0.9)
"""ch_ppocr_mobile_v2.0_cls."""

LCNET: Final = LineClassifier(80, 160, False, True, IMAGENET_TABLES, min_score=0.0)
"""PP-LCNet_x0_25_textline_ori and its larger sister."""

_CLASSIFIERS: Final = {LineFamily.MOBILE_V2: MOBILE_V2, LineFamily.LCNET: LCNET}


@dataclass(frozen=True, slots=True)
class LineOrientation:
    """Whether a line is upside down."""

    is_upside_down: bool


def classifier_of(family: LineFamily) -> LineClassifier:
    """Tell how a family of classifiers wants its lines."""
    return _CLASSIFIERS[family]


def fitted_shape(height_px: int, width_px: int, classifier: LineClassifier) -> tuple[int, int, int]:
    """Tell the shape that `fit` gives a crop of this size."""
    fitted_width = classifier.width_px
    if classifier.keeps_ratio:
        own_width = math.ceil(classifier.height_px * (width_px / height_px))
        fitted_width = min(own_width, classifier.width_px)
    return classifier.height_px, fitted_width, 3


def fit(crop: NDArray[np.uint8], classifier: LineClassifier) -> NDArray[np.uint8]:
    """Fit a crop (h x w x 3, BGR, not empty) to the classifier's height x at most its width x 3."""
    height, width, _ = fitted_shape(crop.shape[0], crop.shape[1], classifier)
    line = cv2.resize(crop, (width, height))
    if classifier.is_rgb:
        line = cv2.cvtColor(line, cv2.COLOR_BGR2RGB)
    return np.asarray(line, np.uint8)


def prepare(lines: Sequence[NDArray[np.uint8]], classifier: LineClassifier) -> NDArray[np.float32]:
    """Make the input tensor (N x 3 x height x width) of fitted lines."""
    shape = (len(lines), 3, classifier.height_px, classifier.width_px)
    tensor = np.zeros(shape, np.float32)
    for line, planes in zip(lines, tensor, strict=True):
        normalise_into(planes, line, classifier.tables)
    return tensor


def interpret(
    outputs: Sequence[NDArray[np.float32]], classifier: LineClassifier
) -> list[LineOrientation]:
    """Read the model's probabilities (N x 2: 0 and 180 degrees) as one orientation per line."""
    return [
        LineOrientation(upside_down > upright and upside_down > classifier.min_score)
        for upright, upside_down in outputs[0].tolist()
    ]


def turn(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn a crop (h x w x 3) by 180 degrees. This comes before fitting it for recognition."""
    return np.asarray(cv2.rotate(crop, cv2.ROTATE_180), np.uint8)
