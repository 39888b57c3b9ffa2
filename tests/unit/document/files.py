"""Small files of every kind, written by the tests themselves."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

EXIF_ORIENTATION = ExifTags.Base.Orientation


def colourful(height_px: int = 6, width_px: int = 8) -> NDArray[np.uint8]:
    """BGR, no two pixels alike, not symmetrical."""
    y, x = np.mgrid[0:height_px, 0:width_px]
    return np.dstack([y * 30, x * 25, (y + x) * 15]).astype(np.uint8)


def image_file(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pillow_image(bgr: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(bgr[:, :, ::-1]))


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[EXIF_ORIENTATION] = orientation
    return tags.tobytes()


def opencv_pixels(content: bytes) -> NDArray[np.uint8]:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_file(width_px: int, height_px: int, *chunks: bytes) -> bytes:
    """A grey PNG whose pixels are left to the given chunks; it need not be a valid one."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    return start + b"".join(chunks) + png_chunk(b"IEND", b"")


def pdf_file(*media_boxes: str, page_entries: str = "", content: str = "") -> bytes:
    """A PDF without a cross-reference table: MuPDF repairs it."""
    kids = " ".join(f"{number} 0 R" for number in range(4, 4 + len(media_boxes)))
    objects = [
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
        f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {len(media_boxes)}>>endobj",
        f"3 0 obj<</Length {len(content)}>>stream\n{content}\nendstream endobj",
    ]
    for number, box in enumerate(media_boxes, start=4):
        entries = f"/Parent 2 0 R/MediaBox[{box}]/Contents 3 0 R{page_entries}"
        objects.append(f"{number} 0 obj<</Type/Page{entries}>>endobj")
    return "\n".join(["%PDF-1.4", *objects, "trailer<</Root 1 0 R>>"]).encode()
