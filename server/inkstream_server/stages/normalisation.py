"""Turns uint8 pixels into the float32 planes of a model's input.

There are only 256 values a channel can have, so each normalisation is a table, computed once in
float32 with PaddleX's own order of operations: looking a value up gives its bits exactly.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.models.recipe import IMAGENET, Normalisation


def normalise_into(
    planes: NDArray[np.float32],
    image: NDArray[np.uint8],
    tables: NDArray[np.float32],
    *,
    swaps_channels: bool = False,
) -> None:
    """Write an image (H x W x 3) into `planes` (3 x H x at least W) through its planes' tables.

    `tables` is 3 x 256. `swaps_channels`: the first plane is that of the last channel. What of
    `planes` lies right of the image is left alone.
    """
    width = image.shape[1]
    for plane in range(3):
        values = cv2.extractChannel(image, 2 - plane if swaps_channels else plane)
        cv2.LUT(values, tables[plane], planes[plane, :, :width])  # written in place


@cache
def tables_of(normalisation: Normalisation) -> NDArray[np.float32]:
    """The tables of a model's planes. There are as few of them as models."""
    tables = np.tile(np.arange(256, dtype=np.float32), (3, 1))
    figures = zip(normalisation.means, normalisation.deviations, strict=True)
    for table, (mean, deviation) in zip(tables, figures, strict=True):
        table *= np.float32(normalisation.scale / deviation)
        table += np.float32(-mean / deviation)
    return tables


def _centred_tables() -> NDArray[np.float32]:
    table = np.arange(256, dtype=np.float32) / np.float32(255)
    table -= np.float32(0.5)
    table /= np.float32(0.5)
    return np.tile(table, (3, 1))


IMAGENET_TABLES: Final = tables_of(IMAGENET)
"""x / 255, less the mean, over the standard deviation, in the order of the channels given."""

CENTRED_TABLES: Final = _centred_tables()
"""0..255 to -1..1."""
