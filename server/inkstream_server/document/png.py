"""Reads the chunks of a PNG before its pixels: size, alpha, EXIF, and whether it is whole.

OpenCV tells none of this ahead, and Pillow refuses pictures for the length of their texts.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from inkstream_server.document.content import Content
from inkstream_server.document.page_size import PageSize
from inkstream_server.errors import ImageDamaged

_SIGNATURE_BYTES: Final = 8
_CHUNK_HEAD_BYTES: Final = 8
_CHECKSUM_BYTES: Final = 4
_HEADER_BYTES: Final = 13
_COLOURS_WITH_ALPHA: Final = frozenset({4, 6})


@dataclass(frozen=True, slots=True)
class PngHeader:
    """`exif` is empty where there is none."""

    size: PageSize
    has_alpha: bool
    exif: bytes


def read_png_header(content: Content) -> PngHeader:
    """Raises ImageDamaged where a chunk is cut off, changed, or missing."""
    chunks = _chunks(content)
    kind, header = next(chunks, (b"", b""))
    if kind != b"IHDR" or len(header) != _HEADER_BYTES:
        raise ImageDamaged("the PNG does not start with its header")
    width_px, height_px, _, colour = struct.unpack_from(">IIBB", header)
    if width_px == 0 or height_px == 0:
        raise ImageDamaged(f"the PNG is {width_px} x {height_px} px")
    has_alpha, exif = colour in _COLOURS_WITH_ALPHA, b""
    for kind, body in chunks:
        if kind == b"tRNS":
            has_alpha = True
        elif kind == b"eXIf":
            exif = bytes(body)
    return PngHeader(PageSize(height_px, width_px), has_alpha, exif)


def _chunks(content: Content) -> Iterator[tuple[bytes, memoryview]]:
    """Every chunk up to IEND, in order; the critical ones are held against their checksums."""
    view = memoryview(content)
    at = _SIGNATURE_BYTES
    kind = b""
    while kind != b"IEND":
        body_at = at + _CHUNK_HEAD_BYTES
        body_end = body_at + int.from_bytes(view[at : at + 4], "big")
        end = body_end + _CHECKSUM_BYTES
        if end > len(view):
            raise ImageDamaged(f"the PNG is cut off: it ends at byte {len(view)}")
        kind = bytes(view[at + 4 : body_at])
        checksum = int.from_bytes(view[body_end:end], "big")
        if _is_critical(kind) and zlib.crc32(view[at + 4 : body_end]) != checksum:
            raise ImageDamaged(f"the PNG was changed between its bytes {at} and {end}")
        yield kind, view[body_at:body_end]
        at = end


def _is_critical(kind: bytes) -> bool:
    """A picture cannot be drawn without such a chunk; a capital first letter marks it."""
    return kind[:1].isupper()
