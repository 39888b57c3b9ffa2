"""Pillow's edge: headers, orientation, and pixels of the formats that OpenCV does not read well."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from inkstream_server.document.libraries import prepare_libraries
from inkstream_server.document.page_size import PageSize
from inkstream_server.document.pixels import grey_to_bgr, over_ground, to_bgr
from inkstream_server.errors import ImageDamaged, OcrError

_PHOTOMETRIC_TAG: Final = 262
_WHITE_IS_ZERO: Final = 0
_ORIENTATIONS: Final = frozenset(range(1, 9))


@contextmanager
def pillow_errors() -> Iterator[None]:
    """Whatever Pillow raises on bad input leaves as ImageDamaged; its warnings are dropped.

    Not for use by two threads at once: filters of warnings belong to the process.
    """
    prepare_libraries()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except OcrError:
            raise
        except UnidentifiedImageError as error:  # whose text shows an address in memory
            raise ImageDamaged("the image's header cannot be read") from error
        # Fuzzed files were seen to end in OSError, SyntaxError, TypeError, ValueError and more.
        except Exception as error:
            raise ImageDamaged(f"the image cannot be decoded: {error}") from error


def size_of(image: Image.Image) -> PageSize:
    """As stored: before any orientation is applied."""
    return PageSize(height_px=image.height, width_px=image.width)


def orientation_of(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing or makes no sense."""
    tags = Image.Exif()
    try:
        with pillow_errors():
            tags.load(exif)
            orientation = tags.get(ExifTags.Base.Orientation, 1)
    except ImageDamaged:  # a picture is not less readable for a broken remark about it
        return 1
    return int(orientation) if orientation in _ORIENTATIONS else 1


def bgr_of(image: Image.Image) -> NDArray[np.uint8]:
    """Decodes the image, of any mode. For use inside `pillow_errors`."""
    if image.mode in {"1", "L"} and not image.has_transparency_data:
        return to_bgr(np.asarray(image.convert("L")))
    if image.mode.startswith("I") or image.mode == "F":
        return grey_to_bgr(np.asarray(image), white_is_zero=_white_is_zero(image))
    if image.has_transparency_data:
        return over_ground(_channels_swapped(image, "RGBA", cv2.COLOR_RGBA2BGRA))
    return _channels_swapped(image, "RGB", cv2.COLOR_RGB2BGR)


def _white_is_zero(image: Image.Image) -> bool:
    """Pillow turns this round for 8 bits, not for more."""
    tags = getattr(image, "tag_v2", {})  # TIFF only
    return bool(tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO)


def _channels_swapped(image: Image.Image, mode: str, code: int) -> NDArray[np.uint8]:
    converted = image if image.mode == mode else image.convert(mode)
    return np.asarray(cv2.cvtColor(np.asarray(converted), code), dtype=np.uint8)
