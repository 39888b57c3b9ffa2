"""What may be read: a file, its bytes, a URL or decoded pixels, and how each goes on the wire."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from inkstream.errors import MessageTooLarge
from inkstream.v1 import source_pb2

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc.Buffer is there from Python 3.12 on

Source: TypeAlias = "str | os.PathLike[str] | Buffer"
"""A path; an http(s) URL, as str, for the server to fetch; an encoded file's bytes; or pixels.

Pixels are an array of uint8 of shape (height, width) or (height, width, channels): grey, BGR or
BGRA, as OpenCV has them. Any object that gives its buffer as such an array will do, so numpy's do.
"""

_URL_STARTS = ("http://", "https://")
_FLAT = 1
_GREY = 2
_COLOUR = 3


def is_encoded_file(source: Source) -> bool:
    """Whether it is a file's bytes, wherever they are: such a source can be sent in parts."""
    if isinstance(source, str):
        return not source.startswith(_URL_STARTS)
    return isinstance(source, os.PathLike) or memoryview(source).ndim == _FLAT


def encode_source(source: Source, *, password: str, limit_bytes: int) -> source_pb2.Source:
    """Reads the source, a file too; blocks on the disk. Raises what opening the file raises."""
    if isinstance(source, str) and source.startswith(_URL_STARTS):
        return source_pb2.Source(uri=source, password=password)
    if isinstance(source, str | os.PathLike):
        return source_pb2.Source(content=_read(Path(source), limit_bytes), password=password)
    view = memoryview(source)
    _check_size(view.nbytes, limit_bytes)
    if view.ndim == _FLAT:
        return source_pb2.Source(content=view.tobytes(), password=password)
    return source_pb2.Source(raw=_encode_pixels(view), password=password)


def _read(path: Path, limit_bytes: int) -> bytes:
    _check_size(path.stat().st_size, limit_bytes)  # before it fills the memory
    return path.read_bytes()


def _check_size(size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise MessageTooLarge.of(size_bytes, limit_bytes)


def _encode_pixels(view: memoryview) -> source_pb2.RawImage:
    if view.format != "B" or view.ndim not in (_GREY, _COLOUR) or view.shape is None:
        raise TypeError(
            "pixels must be uint8 of shape (height, width) or (height, width, channels); "
            f"got format {view.format!r} and shape {view.shape}"
        )
    height, width, *channels = view.shape
    return source_pb2.RawImage(
        height=height, width=width, channels=channels[0] if channels else 1, data=view.tobytes()
    )
