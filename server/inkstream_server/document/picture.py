"""A file with one picture in it: JPEG, PNG, BMP, WebP, GIF, JPEG 2000, AVIF.

Decides which library reads which format. Of animations and MPO files, the first picture is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkstream_server.document import opencv_reader
from inkstream_server.document.content import Content, file_of
from inkstream_server.document.media_type import MediaType
from inkstream_server.document.page_size import PageSize, check_decoded_shape, check_image_size
from inkstream_server.document.pillow_reader import (
    bgr_of,
    orientation_of,
    pillow_errors,
    size_of,
)
from inkstream_server.document.pixels import oriented, oriented_size
from inkstream_server.document.png import read_png_header

_PILLOW_FORMATS: Final = {
    MediaType.JPEG: ("JPEG",),
    MediaType.BMP: ("BMP",),
    MediaType.WEBP: ("WEBP",),
    MediaType.GIF: ("GIF",),
    MediaType.JPEG_2000: ("JPEG2000",),
    MediaType.AVIF: ("AVIF",),
}
# OpenCV reads them in some builds only, or (GIF) with a decoder of its own that is new.
_DECODED_BY_PILLOW: Final = frozenset({MediaType.GIF, MediaType.JPEG_2000, MediaType.AVIF})


@dataclass(frozen=True, slots=True)
class _Header:
    stored_size: PageSize
    orientation: int
    has_alpha: bool


class Picture:
    """A document of one page. Raises ImageDamaged or ImageTooLarge when built."""

    page_count: Final = 1

    def __init__(self, content: Content, kind: MediaType, *, max_pixels: int) -> None:
        self._content: Content = content
        self._kind = kind
        self._header = _read_header(content, kind)
        check_image_size(self._header.stored_size, max_pixels)

    @property
    def media_type(self) -> str:
        return self._kind.value

    def page_size(self, page_number: int, dpi: int | None) -> PageSize:
        assert page_number == 1
        return oriented_size(self._header.stored_size, self._header.orientation)

    def draw(self, page_number: int, dpi: int | None) -> NDArray[np.uint8]:
        page = oriented(self._decoded(), self._header.orientation)
        check_decoded_shape(page.shape, self.page_size(page_number, dpi))
        return page

    def close(self) -> None:
        self._content = b""

    def _decoded(self) -> NDArray[np.uint8]:
        if self._kind not in _DECODED_BY_PILLOW:
            return opencv_reader.decode(self._content, has_alpha=self._header.has_alpha)
        with pillow_errors():
            return bgr_of(Image.open(file_of(self._content), formats=_PILLOW_FORMATS[self._kind]))


def _read_header(content: Content, kind: MediaType) -> _Header:
    if kind is MediaType.PNG:
        png = read_png_header(content)
        return _Header(png.size, orientation_of(png.exif), png.has_alpha)
    with pillow_errors():
        image = Image.open(file_of(content), formats=_PILLOW_FORMATS[kind])
        # Not image.getexif(): that also believes XMP, and OpenCV does not.
        orientation = orientation_of(image.info.get("exif", b""))
        # A BMP's fourth byte is padding more often than alpha: OpenCV leaves it out.
        has_alpha = kind is MediaType.WEBP and image.mode == "RGBA"
        return _Header(size_of(image), orientation, has_alpha)
