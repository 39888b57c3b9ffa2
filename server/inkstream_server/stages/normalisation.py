"""Turns uint8 pixels into the float32 planes of a model's input.

There are only 256 values a channel can have, so each normalisation is a table, computed once in
float32 with PaddleX's own order of operations: looking a value up gives its bits exactly.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray


def normalise_into(
    planes: NDArray[np.float32], image: NDArray[np.uint8], tables: NDArray[np.float32]
) -> None:
    """Write an image (H x W x 3) into `planes` (3 x H x at least W) through its channels' tables.

    `tables` is 3 x 256. What of `planes` lies right of the image is left alone.
    """
    width = image.shape[1]
    for channel in range(3):
        values = cv2.extractChannel(image, channel)
        cv2.LUT(values, tables[channel], planes[channel, :, :width])  # written in place


def _imagenet_tables() -> NDArray[np.float32]:
    tables = np.tile(np.arange(256, dtype=np.float32), (3, 1))
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    for table, mean, deviation in zip(tables, means, deviations, strict=True):
        table *= np.float32(1 / 255.0 / deviation)
        table += np.float32(-mean / deviation)
    return tables


def _centred_tables() -> NDArray[np.float32]:
    table = np.arange(256, dtype=np.float32) / np.float32(255)
    table -= np.float32(0.5)
    table /= np.float32(0.5)
    return np.tile(table, (3, 1))


IMAGENET_TABLES: Final = _imagenet_tables()
"""x / 255, less the mean, over the standard deviation, in the order of the channels given."""

CENTRED_TABLES: Final = _centred_tables()
"""0..255 to -1..1."""
