"""How a model wants its pictures, and what its outputs are: to begin with as PaddleX has it.

What `inference.yml` says instead is read by `recipe_reading`, and done by the stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Normalisation:
    """A pixel times `scale`, less the mean, over the deviation; in the order of the channels."""

    scale: float
    means: Triple
    deviations: Triple


IMAGENET: Final = Normalisation(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True, slots=True)
class DetectionRecipe:
    """The pages of a detector, and how many contours of its map are looked at."""

    normalisation: Normalisation = IMAGENET
    is_rgb: bool = False
    max_candidates: int = 1000


@dataclass(frozen=True, slots=True)
class RecognitionRecipe:
    """The lines of a recogniser: all of one height, none narrower than the least width."""

    height_px: int = 48
    min_width_px: int = 320
    is_rgb: bool = False


TILE_PX: Final = 96
TILES_A_ROW: Final = 3
"""And as many rows."""


class PageView(Enum):
    """What a classifier sees of a page."""

    MIDDLE = "middle"
    TEXT_TILES = "text tiles"
    """Squares of it that have most text, side by side."""


@dataclass(frozen=True, slots=True)
class DocOrientationRecipe:
    """The pages of a classifier, which are RGB, and what its classes stand for.

    `angles` are the counter-clockwise degrees that set a page upright. A page stays as it is where
    the best class has less than `min_score`, 0..1.
    """

    normalisation: Normalisation = IMAGENET
    angles: tuple[int, ...] = (0, 90, 180, 270)
    min_score: float = 0.0
    view: PageView = PageView.MIDDLE


@dataclass(frozen=True, slots=True)
class Recipe:
    """One for each module; that of the model's own counts."""

    detection: DetectionRecipe = DetectionRecipe()
    recognition: RecognitionRecipe = RecognitionRecipe()
    doc_orientation: DocOrientationRecipe = DocOrientationRecipe()


USUAL: Final = Recipe()
"""That of a model which tells nothing."""
