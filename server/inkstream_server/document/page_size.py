"""The size of a page in pixels, and whether an image of that size is read at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inkstream_server.errors import ImageDamaged, ImageTooLarge

MAX_SIDE_PX: Final = 2**20  # OpenCV refuses to decode a longer side


@dataclass(frozen=True, slots=True)
class PageSize:
    """Height before width, as in the shape of an array."""

    height_px: int
    width_px: int

    @property
    def pixels(self) -> int:
        return self.height_px * self.width_px

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the BGR array that is drawn."""
        return (self.height_px, self.width_px, 3)

    def transposed(self) -> PageSize:
        return PageSize(height_px=self.width_px, width_px=self.height_px)


def check_image_size(size: PageSize, max_pixels: int) -> None:
    """Raises ImageTooLarge for an image of more than max_pixels, or of an absurdly long side."""
    if size.pixels > max_pixels or max(size.height_px, size.width_px) > MAX_SIDE_PX:
        raise ImageTooLarge(
            f"the image is {size.width_px} x {size.height_px} px = {size.pixels} pixels; "
            f"allowed: {max_pixels} pixels, {MAX_SIDE_PX} px a side",
            width_px=size.width_px,
            height_px=size.height_px,
            pixels=size.pixels,
            max_pixels=max_pixels,
        )


def check_decoded_shape(shape: tuple[int, ...], told: PageSize) -> None:
    """Raises ImageDamaged where the pixels are not as many as the header told."""
    if shape != told.shape:
        raise ImageDamaged(
            f"the image's header says {told.width_px} x {told.height_px} px, "
            f"its pixels are {shape[1]} x {shape[0]}"
        )
