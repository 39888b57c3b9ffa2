"""Reads what an exporter has noted in an ONNX file. The graph itself is skipped, never parsed.

The format is a protocol buffer, of which the outermost level is walked: no package is needed for
the few bytes that count, and a graph of hundreds of megabytes costs one seek.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from inkstream_server.errors import ModelDamaged

CHARACTERS_KEY: Final = "character"
"""Under which RapidOCR's exports hold a recogniser's dictionary, one character a line."""

_METADATA_FIELD: Final = 14  # ModelProto.metadata_props
_KEY_FIELD, _VALUE_FIELD = 1, 2  # StringStringEntryProto
_VARINT, _DELIMITED = 0, 2  # wire types, and beside them those of a fixed length in bytes
_FIXED: Final = {1: 8, 5: 4}
_LONGEST_VARINT: Final = 10


def onnx_metadata(path: Path) -> dict[str, str]:
    """Raises ModelDamaged where the file cannot be read, or is no ONNX model."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return dict(_entry(file, length) for length in _places(file, size, _METADATA_FIELD))
    except (OSError, ValueError) as error:  # a text that is not UTF-8 too is a ValueError
        raise ModelDamaged(f"{path} is no ONNX model: {error}", file=str(path)) from error


def _entry(file: IO[bytes], length: int) -> tuple[str, str]:
    texts = {_KEY_FIELD: "", _VALUE_FIELD: ""}
    end = file.tell() + length
    for field, size in _fields(file, end):
        content = file.read(size)
        if field in texts:
            texts[field] = content.decode("utf-8")
    return texts[_KEY_FIELD], texts[_VALUE_FIELD]


def _places(file: IO[bytes], end: int, wanted: int) -> Iterator[int]:
    """Stop at each field of this number, and tell its length; the caller may read it."""
    for field, length in _fields(file, end):
        if field == wanted:
            yield length


def _fields(file: IO[bytes], end: int) -> Iterator[tuple[int, int]]:
    """Stop at the content of every field up to `end`, and tell its number and length."""
    while (at := file.tell()) < end:
        tag = _varint(file)
        field, wire_type = tag >> 3, tag & 7
        length = _length(file, wire_type)
        after = file.tell() + length
        if after > end:
            raise ValueError(f"it is cut short, or was never one: byte {at} tells of {after}")
        yield field, length
        file.seek(after)


def _length(file: IO[bytes], wire_type: int) -> int:
    if wire_type == _VARINT:
        _varint(file)
        return 0
    if wire_type == _DELIMITED:
        return _varint(file)
    if wire_type not in _FIXED:
        raise ValueError(f"byte {file.tell()} has the unknown wire type {wire_type}")
    return _FIXED[wire_type]


def _varint(file: IO[bytes]) -> int:
    number = 0
    for shift in range(0, 7 * _LONGEST_VARINT, 7):
        (byte,) = file.read(1) or b"\0"
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number
    raise ValueError(f"byte {file.tell()} is within a number without end")
