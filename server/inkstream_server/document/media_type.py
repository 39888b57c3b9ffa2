"""Tells what an input is from its first bytes. File names and declared types are not trusted."""

from __future__ import annotations

from enum import Enum
from typing import Final

from inkstream_server.errors import EmptyInput, UnsupportedMediaType


class MediaType(Enum):
    """The types that are read."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    BMP = "image/bmp"
    WEBP = "image/webp"
    TIFF = "image/tiff"
    GIF = "image/gif"
    JPEG_2000 = "image/jp2"
    AVIF = "image/avif"
    PDF = "application/pdf"


HEAD_BYTES: Final = 1024
"""How much of an input tells its type: some mail gateways and printers put lines before a PDF's
header, and the PDF reference lets readers look so far."""

_READ: Final = (
    (0, b"\xff\xd8\xff", MediaType.JPEG),
    (0, b"\x89PNG\r\n\x1a\n", MediaType.PNG),
    (0, b"BM", MediaType.BMP),
    (8, b"WEBP", MediaType.WEBP),
    (0, b"II*\0", MediaType.TIFF),
    (0, b"MM\0*", MediaType.TIFF),
    (0, b"II+\0", MediaType.TIFF),  # BigTIFF
    (0, b"MM\0+", MediaType.TIFF),
    (0, b"GIF87a", MediaType.GIF),
    (0, b"GIF89a", MediaType.GIF),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", MediaType.JPEG_2000),
    (0, b"\xff\x4f\xff\x51", MediaType.JPEG_2000),  # a bare code stream
    (4, b"ftypavif", MediaType.AVIF),
    (4, b"ftypavis", MediaType.AVIF),
)

# Not read, but known: the error then says what was sent, and the sender sees the mistake at once.
_NAMED_ONLY: Final = (
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypmsf1", "image/heif"),
    (0, b"\0\0\1\0", "image/x-icon"),
    (0, b"\xff\x0a", "image/jxl"),
    (4, b"JXL \r\n\x87\n", "image/jxl"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"%!PS", "application/postscript"),
    (0, b"PK\3\4", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (0, b"\x93NUMPY", "application/x-npy"),
)
_MARKUP: Final = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "application/xml"),
)


def media_type_of(content: bytes) -> MediaType:
    """Looks at the first HEAD_BYTES. Raises EmptyInput or UnsupportedMediaType."""
    if not content:
        raise EmptyInput("the input holds no byte")
    for offset, magic, media_type in _READ:
        if content.startswith(magic, offset):
            return media_type
    if b"%PDF-" in content[:HEAD_BYTES]:
        return MediaType.PDF
    raise _unsupported(content)


def _unsupported(content: bytes) -> UnsupportedMediaType:
    supported = ", ".join(media_type.value for media_type in MediaType)
    seen = _name_of(content)
    what = f"looks like {seen}" if seen else "is of an unknown type"
    return UnsupportedMediaType(
        f"the input {what}; read are: {supported}",
        media_type=seen or "application/octet-stream",
        supported=supported,
    )


def _name_of(content: bytes) -> str:
    for offset, magic, name in _NAMED_ONLY:
        if content.startswith(magic, offset):
            return name
    text = content[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((name for start, name in _MARKUP if text.startswith(start)), "")
