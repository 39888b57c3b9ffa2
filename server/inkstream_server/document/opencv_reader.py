"""OpenCV's edge: the pixels of ordinary images, to the pixel as `cv2.imread` has them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.document.content import Content
from inkstream_server.document.libraries import prepare_libraries
from inkstream_server.document.pixels import to_bgr
from inkstream_server.errors import ImageDamaged


def decode(content: Content, *, has_alpha: bool) -> NDArray[np.uint8]:
    """BGR as stored: no orientation is applied. Raises ImageDamaged, also where the file is cut."""
    prepare_libraries()
    colour = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    encoded = np.frombuffer(content, np.uint8)
    try:
        samples = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED if has_alpha else colour)
    except cv2.error as error:
        raise ImageDamaged(f"the image cannot be decoded: {error.err}") from error
    if samples is None:
        raise ImageDamaged("the image cannot be decoded: it is cut off or damaged")
    return to_bgr(samples)
