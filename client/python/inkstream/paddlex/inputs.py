"""Says what `predict` is to read, one input after the other, as PaddleX takes it. Reads nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkstream.paddlex.downloads import Download
from inkstream.sources import Source

Inputs: TypeAlias = "object"
"""A path of a file or folder, a URL, a picture's pixels (numpy, BGR as OpenCV has them), a file's
bytes; or an iterable of them, which is taken as it is needed."""

# What is taken of a folder. A file that is named itself may be called as it likes.
FILE_SUFFIXES: Final = frozenset(
    f".{name}"
    for name in (
        *("jpg", "jpeg", "png", "bmp", "dib", "webp", "tif", "tiff"),
        *("gif", "jp2", "j2k", "avif", "pdf"),
    )
)
_URL_STARTS: Final = ("http://", "https://")
# Of a message beside the pixels: the options.
_ROOM_BYTES: Final = 4096
_GREY: Final = 2
_BGR: Final = 3
_BGRA: Final = 4


def _go_on() -> None:
    """What is loaded soon is not stopped."""


@dataclass(frozen=True, slots=True)
class Input:
    """One document to read. `input_path` is what its results are named after, None for pixels.

    `load` gives it to the client; it may take its time, and raises what is wrong with it. `stop`
    ends it early, from another thread.
    """

    input_path: str | None
    load: Callable[[], Source]
    stop: Callable[[], None] = _go_on


def inputs_of(given: Inputs, limit_bytes: int) -> Iterator[Input]:
    """Every input in order, a folder's sorted by path. What is wrong is raised by its `load`.

    `limit_bytes` is what one message may have.
    """
    match given:
        case str() if is_url(given):
            fetching = Download(given)
            yield Input(given, fetching.run, fetching.stop)
        case str() | os.PathLike():
            yield from _files(os.fspath(given))
        case bytes() | bytearray() | memoryview():
            yield Input(None, lambda: given)
        case np.ndarray():
            yield Input(None, partial(_pixels, given, limit_bytes))
        case Iterable() if not _is_open_file(given):  # which gives its lines
            for each in given:
                yield from inputs_of(each, limit_bytes)
        case _:
            yield Input(None, partial(_refuse, given))


def is_url(text: str) -> bool:
    return text.lower().startswith(_URL_STARTS)


def _files(path: str | bytes) -> Iterator[Input]:
    path = os.fsdecode(path)
    if not Path(path).is_dir():
        yield Input(path, lambda: Path(path))
        return
    found = sorted(
        str(Path(folder) / name)
        for folder, _, names in os.walk(path)
        for name in names
        if Path(name).suffix.lower() in FILE_SUFFIXES
    )
    if not found:
        yield Input(path, partial(_miss, path))
    for file in found:
        yield Input(file, partial(Path, file))


def _miss(folder: str) -> NoReturn:
    suffixes = " ".join(sorted(FILE_SUFFIXES))
    raise FileNotFoundError(f"no file to read in {folder}; taken are {suffixes}")


def _is_open_file(given: object) -> bool:
    return callable(getattr(given, "read", None))


def _refuse(given: object) -> NoReturn:
    if _is_open_file(given):
        raise TypeError("cannot read an open file; give its path, or what its read() returns")
    raise TypeError(
        f"cannot read a {type(given).__name__}; input is a path, a URL, a numpy array of pixels, "
        "a file's bytes, or an iterable of them"
    )


def _pixels(array: NDArray[np.uint8], limit_bytes: int) -> Source:
    """The pixels as they are, or as a file, which can be sent in parts, where they are too many."""
    if array.dtype != np.uint8 or not _is_picture(array):
        raise TypeError(
            "pixels must be uint8 of shape (height, width), (height, width, 3) in BGR or "
            f"(height, width, 4) in BGRA; got {array.dtype} of shape {array.shape}"
        )
    if array.nbytes < limit_bytes - _ROOM_BYTES:
        return np.ascontiguousarray(array).data
    file = BytesIO()
    _picture(array).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _is_picture(array: NDArray[np.uint8]) -> bool:
    return array.ndim == _GREY or (array.ndim == _BGR and array.shape[2] in (1, _BGR, _BGRA))


def _picture(array: NDArray[np.uint8]) -> Image.Image:
    channels = array.reshape((*array.shape[:2], -1))
    match channels.shape[2]:
        case 1:
            return Image.fromarray(channels[:, :, 0])
        case 3:
            return Image.fromarray(np.ascontiguousarray(channels[:, :, ::-1]))
        case _:
            return Image.fromarray(np.ascontiguousarray(channels[:, :, [2, 1, 0, 3]]))
