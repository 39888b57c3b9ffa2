"""Text detection around the model call: the size a page is fitted to, and the tensors in and out.

What the map means - where the regions are - is `regions`' matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.models.recipe import DetectionRecipe
from inkstream_server.stages.normalisation import normalise_into, tables_of

SIDE_STEP_PX: Final = 32
"""The network halves its input five times."""

MAX_SIDE_PX: Final = 4000
"""No input gets larger than this, whatever the limits say."""

TINY_PAGE_PX: Final = 64
"""A page whose height + width is below this is padded before it is fitted."""

USUAL: Final = DetectionRecipe()
"""What a model wants that tells nothing."""


class LimitType(Enum):
    """Which side of the page `limit_side_len` bounds."""

    MIN = "min"  # the short side is at least the limit
    MAX = "max"  # the long side is at most the limit


@dataclass(frozen=True, slots=True)
class DetectionParams:
    """What a request can choose about detection. Every value counts, 0 too.

    `max_candidates` is the model's: of so many contours at most regions are made.
    """

    limit_side_len: int = 960
    limit_type: LimitType = LimitType.MAX
    thresh: float = 0.3
    box_thresh: float = 0.6
    unclip_ratio: float = 2.0
    max_candidates: int = USUAL.max_candidates


def padded_size(height_px: int, width_px: int) -> tuple[int, int]:
    """Tell the (height, width) of the page once a tiny one is padded; of others, their own."""
    if height_px + width_px >= TINY_PAGE_PX:
        return height_px, width_px
    return max(SIDE_STEP_PX, height_px), max(SIDE_STEP_PX, width_px)


def input_size(
    height_px: int, width_px: int, limit_side_len: int, limit_type: LimitType
) -> tuple[int, int]:
    """Tell the (height, width) in pixels, multiples of 32, that a page is fitted to."""
    height_px, width_px = padded_size(height_px, width_px)
    ratio = _ratio(height_px, width_px, limit_side_len, limit_type)
    height, width = int(height_px * ratio), int(width_px * ratio)
    if max(height, width) > MAX_SIDE_PX:
        ratio = MAX_SIDE_PX / max(height, width)
        height, width = int(height * ratio), int(width * ratio)
    return _to_step(height), _to_step(width)


def fit(page: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Fit a page (H x W x 3, BGR) to `size` (height, width), as `input_size` tells it.

    A tiny page is padded with zeros first. A page that has the size already comes back uncopied.
    """
    height, width = page.shape[:2]
    padded_height, padded_width = padded_size(height, width)
    if (padded_height, padded_width) != (height, width):
        padded = np.zeros((padded_height, padded_width, 3), np.uint8)
        padded[:height, :width] = page
        page = padded
    if page.shape[:2] == size:
        return page
    return np.asarray(cv2.resize(page, (size[1], size[0])), np.uint8)


def prepare(
    images: Sequence[NDArray[np.uint8]], recipe: DetectionRecipe = USUAL
) -> NDArray[np.float32]:
    """Make the input tensor (N x 3 x H x W) of images of one size (H x W x 3, BGR).

    As a rule the ImageNet figures, which are of RGB, are applied to BGR, as PaddleX does.
    """
    tables = tables_of(recipe.normalisation)
    height, width = images[0].shape[:2]
    tensor = np.empty((len(images), 3, height, width), np.float32)
    for image, planes in zip(images, tensor, strict=True):
        normalise_into(planes, image, tables, swaps_channels=recipe.is_rgb)
    return tensor


def interpret(outputs: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Take the model's output (N x 1 x H x W) apart into one map (H x W, 0..1) per image."""
    return [image_maps[0] for image_maps in outputs[0]]


def _ratio(height: int, width: int, limit_side_len: int, limit_type: LimitType) -> float:
    if limit_type is LimitType.MAX:
        long_side = max(height, width)
        return limit_side_len / long_side if long_side > limit_side_len else 1.0
    short_side = min(height, width)
    return limit_side_len / short_side if short_side < limit_side_len else 1.0


def _to_step(side: int) -> int:
    return max(round(side / SIDE_STEP_PX) * SIDE_STEP_PX, SIDE_STEP_PX)
