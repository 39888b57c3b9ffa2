"""Pixels that arrive decoded. They are checked and looked at, never copied where they are BGR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inkstream_server.document.page_size import PageSize, check_image_size
from inkstream_server.document.pixels import to_bgr
from inkstream_server.errors import InvalidField

_CHANNEL_COUNTS: Final = (1, 3, 4)


@dataclass(frozen=True, slots=True)
class RawImage:
    """Rows of interleaved 8-bit samples without padding. Channels 1: grey, 3: BGR, 4: BGRA."""

    height_px: int
    width_px: int
    channel_count: int
    samples: bytes


class RawDocument:
    """A document of one page. Raises InvalidField or ImageTooLarge when built."""

    media_type: Final = "image/x-raw"
    page_count: Final = 1

    def __init__(self, image: RawImage, *, max_pixels: int) -> None:
        _check(image)
        self._size = PageSize(image.height_px, image.width_px)
        check_image_size(self._size, max_pixels)
        _check_length(image)
        shape = (image.height_px, image.width_px, image.channel_count)
        self._samples = np.frombuffer(image.samples, np.uint8).reshape(shape)

    def page_size(self, page_number: int, dpi: int | None) -> PageSize:
        assert page_number == 1
        return self._size

    def draw(self, page_number: int, dpi: int | None) -> NDArray[np.uint8]:
        assert page_number == 1
        return to_bgr(self._samples)

    def close(self) -> None:
        self._samples = np.empty((0, 0, 1), np.uint8)


def _check(image: RawImage) -> None:
    if image.height_px < 1:
        raise InvalidField.of("source.raw.height", image.height_px, "1 or more")
    if image.width_px < 1:
        raise InvalidField.of("source.raw.width", image.width_px, "1 or more")
    if image.channel_count not in _CHANNEL_COUNTS:
        allowed = "1 (grey), 3 (BGR) or 4 (BGRA)"
        raise InvalidField.of("source.raw.channels", image.channel_count, allowed)


def _check_length(image: RawImage) -> None:
    expected_bytes = image.height_px * image.width_px * image.channel_count
    if len(image.samples) != expected_bytes:
        raise InvalidField.of(
            "source.raw.data",
            f"{len(image.samples)} bytes",
            f"height * width * channels = {expected_bytes} bytes",
        )
