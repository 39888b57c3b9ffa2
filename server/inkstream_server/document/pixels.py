"""Turns samples of any kind into 8-bit BGR. Works on arrays; knows no file format."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.document.page_size import PageSize

_BGRA_CHANNELS: Final = 4
_OPAQUE: Final = 255
_STRIP_ROWS: Final = 64  # mixed at once: stays in the cache, and the sums stay small
_TRANSPOSING: Final = frozenset({5, 6, 7, 8})
_DARK_BELOW: Final = 200  # of 255; darker is told from white at a glance, and by the detector
_DARK_SHARE: Final = 0.005  # of what is visible; below it, black ground shows more than white


def to_bgr(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """8- or 16-bit samples, H x W, H x W x 1, x 3 (BGR) or x 4 (BGRA), as OpenCV decodes them."""
    eight_bit = samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)
    channel_count = np.atleast_3d(eight_bit).shape[2]
    if channel_count == 1:
        return _owned(cv2.cvtColor(eight_bit, cv2.COLOR_GRAY2BGR))
    if channel_count == _BGRA_CHANNELS:
        return over_ground(eight_bit)
    return _owned(eight_bit)


def over_ground(bgra: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lays a picture with alpha on white, or on black where white would swallow it.

    An alpha channel that is 0 everywhere says nothing (screen grabbers write it so): it is
    ignored. Where every pixel is opaque, the colours come back as they are.
    """
    alpha = bgra[:, :, 3]
    bgr = _owned(cv2.cvtColor(bgra, cv2.COLOR_BGRA2BGR))
    if int(alpha.min(initial=_OPAQUE)) == _OPAQUE or not alpha.any():
        return bgr
    ground = 0 if _vanishes_on_white(bgr, alpha) else 255
    for top in range(0, len(bgr), _STRIP_ROWS):
        strip = bgr[top : top + _STRIP_ROWS]
        weight = alpha[top : top + _STRIP_ROWS, :, np.newaxis].astype(np.uint16)
        strip[:] = (strip * weight + ground * (_OPAQUE - weight) + _OPAQUE // 2) // _OPAQUE
    return bgr


def grey_to_bgr(samples: NDArray[Any], *, white_is_zero: bool = False) -> NDArray[np.uint8]:
    """Grey samples of any depth, H x W, whose full scale is not known: 12 bits kept in 16, floats.

    Integers are scaled by the power of two that brings the brightest into 128..255, which is the
    plain `>> 8` for 16-bit scans; floats so that white is 1, or the brightest where that is more.
    """
    if np.issubdtype(samples.dtype, np.floating):
        grey = _from_floats(samples)
    else:
        grey = _from_integers(np.maximum(samples, 0))
    if white_is_zero:
        grey = np.subtract(255, grey, dtype=np.uint8)
    return _owned(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def oriented(bgr: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turns and mirrors by an EXIF orientation, 1 to 8, as OpenCV does."""
    upright = cv2.transpose(bgr) if orientation in _TRANSPOSING else bgr
    if orientation in {2, 6}:
        upright = cv2.flip(upright, 1)
    elif orientation in {3, 7}:
        upright = cv2.flip(upright, -1)
    elif orientation in {4, 8}:
        upright = cv2.flip(upright, 0)
    return _owned(upright)


def oriented_size(size: PageSize, orientation: int) -> PageSize:
    """The size of what `oriented` returns."""
    return size.transposed() if orientation in _TRANSPOSING else size


def _vanishes_on_white(bgr: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> bool:
    visible = alpha > _OPAQUE // 2
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    dark_count = np.count_nonzero(visible & (grey < _DARK_BELOW))
    return bool(dark_count < _DARK_SHARE * np.count_nonzero(visible))


def _from_integers(samples: NDArray[Any]) -> NDArray[np.uint8]:
    shift = int(samples.max(initial=0)).bit_length() - 8
    scaled = samples >> shift if shift > 0 else samples.astype(np.uint8) << -shift
    return scaled.astype(np.uint8)


def _from_floats(samples: NDArray[Any]) -> NDArray[np.uint8]:
    finite = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    white = max(1.0, float(finite.max(initial=0.0)))
    return np.rint(np.maximum(finite, 0.0) * (255.0 / white)).astype(np.uint8)


def _owned(array: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - OpenCV's stubs promise less
    contiguous: NDArray[np.uint8] = np.ascontiguousarray(array, dtype=np.uint8)
    return contiguous
