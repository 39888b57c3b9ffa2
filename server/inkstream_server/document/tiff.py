"""A TIFF, page by page. Every page of the file counts; only the one asked for is decoded."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkstream_server.document.content import Content, file_of
from inkstream_server.document.media_type import MediaType
from inkstream_server.document.page_size import PageSize, check_decoded_shape, check_image_size
from inkstream_server.document.pillow_reader import bgr_of, pillow_errors, size_of
from inkstream_server.document.tiff_pages import TiffLayout, find_tiff_pages
from inkstream_server.errors import ImageDamaged, ImageTooLarge


class TiffDocument:
    """Pillow is shown one page at a time, by writing that page's offset into the file's head.

    It would otherwise walk to a page through all before it, in time that grows with the square
    of their count, and fail wherever one of them is damaged.
    """

    def __init__(self, content: Content, *, max_pixels: int) -> None:
        self._layout = TiffLayout.of(content)
        self._page_offsets = find_tiff_pages(content)
        self._file = file_of(content)
        self._max_pixels = max_pixels

    @property
    def media_type(self) -> str:
        return MediaType.TIFF.value

    @property
    def page_count(self) -> int:
        return len(self._page_offsets)

    def page_size(self, page_number: int, dpi: int | None) -> PageSize:
        try:
            with pillow_errors():
                return size_of(self._page(page_number))
        except (ImageDamaged, ImageTooLarge) as error:
            raise _on_page(error, page_number) from error

    def draw(self, page_number: int, dpi: int | None) -> NDArray[np.uint8]:
        try:
            with pillow_errors():
                page = self._page(page_number)
                size = size_of(page)  # decoding may change it
                bgr = bgr_of(page)
                check_decoded_shape(bgr.shape, size)
        except (ImageDamaged, ImageTooLarge) as error:
            raise _on_page(error, page_number) from error
        return bgr

    def close(self) -> None:
        self._file.close()

    def _page(self, page_number: int) -> Image.Image:
        """Lazily, and turned upright by Pillow: its TIFF sizes already heed the orientation."""
        offset = self._page_offsets[page_number - 1]
        self._file.seek(self._layout.first_offset_at)
        self._file.write(struct.pack(self._layout.offset_format, offset))
        self._file.seek(0)
        page = Image.open(self._file, formats=("TIFF",))
        check_image_size(size_of(page), self._max_pixels)
        return page


def _on_page(error: ImageDamaged | ImageTooLarge, page_number: int) -> ImageDamaged | ImageTooLarge:
    return type(error)(f"page {page_number}: {error.message}", **error.facts, page=page_number)
