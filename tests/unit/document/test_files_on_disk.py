"""Inputs that are files read as the same bytes do, and are not changed by it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from tests.pictures import pdf, picture, tiff

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opening import open_document
from inkstream_server.errors import OcrError

LIMITS = DocumentLimits()
PICTURE = Image.fromarray(picture("a line", "another")[:, :, ::-1].copy())


def saved(kind: str, **options: object) -> bytes:
    file = BytesIO()
    PICTURE.save(file, kind, **options)
    return file.getvalue()


def animation() -> bytes:
    file = BytesIO()
    PICTURE.save(file, "GIF", save_all=True, append_images=[PICTURE.rotate(180)])
    return file.getvalue()


CONTENTS = {
    "jpeg": saved("JPEG"),
    "png": saved("PNG"),
    "bmp": saved("BMP"),
    "webp": saved("WEBP"),
    "gif": animation(),
    "jpeg 2000": saved("JPEG2000"),
    "tiff of two pages": tiff(picture("one"), picture("two")),
    "tiff, lzw": saved("TIFF", compression="tiff_lzw"),
    "tiff, deflate": saved("TIFF", compression="tiff_adobe_deflate"),
    "tiff, jpeg": saved("TIFF", compression="jpeg"),
    "pdf": pdf("one", "two"),
    "pdf after some lines": b"some mail gateway's lines\n" * 20 + pdf("one"),
    "pdf with a password": pdf("one", password="pw"),
}
if features.check("avif"):
    CONTENTS["avif"] = saved("AVIF")


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_file_is_drawn_as_its_bytes_are(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    from_file = open_document(path, "pw", LIMITS)
    path.unlink()
    from_bytes = open_document(content, "pw", LIMITS)

    assert from_file.media_type == from_bytes.media_type
    assert from_file.page_count == from_bytes.page_count >= 1
    for _ in range(2):
        for number in range(from_bytes.page_count, 0, -1):
            expected = from_bytes.draw(number, None)
            assert from_file.page_size(number, None) == from_bytes.page_size(number, None)
            np.testing.assert_array_equal(from_file.draw(number, None), expected)
    for document in (from_file, from_bytes):
        document.close()
        document.close()


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_file_is_not_changed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    document = open_document(path, "pw", LIMITS)

    document.draw(document.page_count, None)
    document.close()

    assert path.read_bytes() == content


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_file_that_is_cut_off_fails_as_its_bytes_do(tmp_path: Path, content: bytes) -> None:
    cut = content[: len(content) // 2]
    path = tmp_path / "file"
    path.write_bytes(cut)

    assert outcome(path) == outcome(cut)


def test_a_damaged_pdf_is_told_without_the_path(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"%PDF-1.4\n" + bytes(range(256)) * 9)

    with pytest.raises(OcrError) as refused:
        open_document(path, "", LIMITS)

    assert str(tmp_path) not in refused.value.message


def outcome(source: bytes | Path) -> list[object]:
    """What becomes of each page: its error, or its size and brightness."""
    try:
        document = open_document(source, "pw", LIMITS)
    except OcrError as error:
        return [error.reason]
    found: list[object] = []
    for number in range(1, document.page_count + 1):
        try:
            page = document.draw(number, None)
            found.append((page.shape, int(page.sum())))
        except OcrError as error:
            found.append(error.reason)
    document.close()
    return found
