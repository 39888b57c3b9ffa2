"""Makes pictures for people to look at, of a page and of what was read on it."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.stages.captions import Caption
from inkstream_server.stages.lettering import write

MAX_PIXELS: Final = 4_000_000
"""A larger page is made smaller first: an A4 page of 200 dpi is not."""
MAX_SIDE_PX: Final = 20_000
"""JPEG ends at 65,535 px a side, and up to three pages stand side by side."""

_JPEG_QUALITY: Final = 85
_WHITE: Final = 255
# How much of the colour is laid over a page's text, which stays readable.
_TINT: Final = 0.4
_COLOUR_COUNT: Final = 64
# Turning the hue by the golden ratio, neighbours never look alike.
_HUE_STEP: Final = (math.sqrt(5) - 1) / 2

Colour = tuple[int, int, int]


def shown(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The page (H x W x 3, BGR) as it is shown: itself, or smaller where it is over the limits."""
    height, width, _ = page.shape
    ratio = shown_ratio(height, width)
    if ratio == 1.0:
        return page
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)


def shown_ratio(height_px: int, width_px: int) -> float:
    """By how much both sides of a page are shortened where it is shown; 1 where they are not."""
    ratio = math.sqrt(MAX_PIXELS / (height_px * width_px))
    return min(1.0, ratio, MAX_SIDE_PX / max(height_px, width_px))


def draw(image: NDArray[np.uint8], captions: Sequence[Caption], ratio: float) -> NDArray[np.uint8]:
    """A page as it is shown with the texts' places in colour, and to its right the texts.

    `ratio` is by how much it is smaller than the page that the captions are on.
    """
    height, width, _ = image.shape
    outlines = [np.array(each.polygon, np.float32) * np.float32(ratio) for each in captions]
    both = np.empty((height, 2 * width, 3), np.uint8)
    both[:, :width] = _tinted(image, outlines)
    both[:, width:] = _panel((height, width), [each.text for each in captions], outlines)
    return both


def side_by_side(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures from left to right, tops in line, white below those that are not as high."""
    height = max(image.shape[0] for image in images)
    below = [(0, height - image.shape[0]) for image in images]
    padded = [
        cv2.copyMakeBorder(image, *rows, 0, 0, cv2.BORDER_CONSTANT, value=(_WHITE,) * 3)
        for image, rows in zip(images, below, strict=True)
    ]
    return np.asarray(cv2.hconcat(padded), np.uint8)


def jpeg(image: NDArray[np.uint8]) -> bytes:
    """Encode a picture (H x W x 3, BGR)."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()


def _tinted(image: NDArray[np.uint8], outlines: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    colours = image.copy()
    for at, outline in enumerate(outlines):
        cv2.fillPoly(colours, [_whole(outline)], _COLOURS[at % _COLOUR_COUNT])
    return np.asarray(cv2.addWeighted(image, 1 - _TINT, colours, _TINT, 0), np.uint8)


def _panel(
    size: tuple[int, int], texts: Sequence[str], outlines: Sequence[NDArray[np.float32]]
) -> NDArray[np.uint8]:
    panel = np.full((*size, 3), _WHITE, np.uint8)
    ink = np.zeros(size, np.uint8)
    for at, (text, outline) in enumerate(zip(texts, outlines, strict=True)):
        colour = _PALE_COLOURS[at % _COLOUR_COUNT]
        cv2.polylines(panel, [_whole(outline)], True, colour, 1, cv2.LINE_AA)
        _write_into(ink, text, outline)
    paper = cv2.cvtColor(cv2.bitwise_not(ink), cv2.COLOR_GRAY2BGR)
    return np.minimum(panel, paper, out=panel)


def _write_into(ink: NDArray[np.uint8], text: str, outline: NDArray[np.float32]) -> None:
    """Write a text where its outline is, tilted as that is."""
    left, top = np.floor(outline.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(outline.max(axis=0)).astype(int).tolist()
    place = ink[top:bottom, left:right]
    if not place.size:
        return
    one, two, three, four = outline
    width = max(1, round(max(math.dist(one, two), math.dist(four, three))))
    height = max(1, round(max(math.dist(one, four), math.dist(two, three))))
    letters = write(text, height, width)
    upright = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if letters.shape != place.shape or outline.tolist() != [list(each) for each in upright]:
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        tilt = cv2.getPerspectiveTransform(corners, outline - np.array([left, top], np.float32))
        letters = np.asarray(cv2.warpPerspective(letters, tilt, place.shape[::-1]), np.uint8)
    np.maximum(place, letters, out=place)


def _whole(outline: NDArray[np.float32]) -> NDArray[np.int32]:
    return np.rint(outline).astype(np.int32)


def _colour(at: int, saturation: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(at * _HUE_STEP % 1.0, saturation, 0.9)
    return round(blue * 255), round(green * 255), round(red * 255)


_COLOURS: Final = tuple(_colour(at, 0.8) for at in range(_COLOUR_COUNT))
_PALE_COLOURS: Final = tuple(_colour(at, 0.4) for at in range(_COLOUR_COUNT))
