import pytest

from inkstream_server.document.media_type import MediaType, media_type_of
from inkstream_server.errors import EmptyInput, UnsupportedMediaType


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"\xff\xd8\xff\xe0", MediaType.JPEG),
        (b"\x89PNG\r\n\x1a\n", MediaType.PNG),
        (b"BM\x46", MediaType.BMP),
        (b"RIFF\x10\0\0\0WEBPVP8 ", MediaType.WEBP),
        (b"II*\0\x08", MediaType.TIFF),
        (b"MM\0*\0", MediaType.TIFF),
        (b"II+\0\x08", MediaType.TIFF),
        (b"GIF89a", MediaType.GIF),
        (b"\0\0\0\x0cjP  \r\n\x87\n", MediaType.JPEG_2000),
        (b"\xff\x4f\xff\x51", MediaType.JPEG_2000),
        (b"\0\0\0 ftypavif", MediaType.AVIF),
        (b"%PDF-1.7", MediaType.PDF),
    ],
)
def test_the_type_is_told_from_the_first_bytes(start: bytes, expected: MediaType) -> None:
    assert media_type_of(start) is expected


def test_a_pdf_header_may_stand_within_the_first_kilobyte() -> None:
    assert media_type_of(b"x" * 1019 + b"%PDF-1.4") is MediaType.PDF
    with pytest.raises(UnsupportedMediaType):
        media_type_of(b"x" * 1020 + b"%PDF-1.4")


def test_an_empty_input_is_told_apart_from_an_unknown_one() -> None:
    with pytest.raises(EmptyInput):
        media_type_of(b"")


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0 ftypheic", "image/heic"),
        (b"PK\3\4", "application/zip"),
        (b"\xef\xbb\xbf \n<!DOCTYPE HTML><html>", "text/html"),
        (b"<svg xmlns=", "image/svg+xml"),
        (b"plain words", "application/octet-stream"),
    ],
)
def test_what_is_not_read_is_named_where_it_is_known(start: bytes, name: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        media_type_of(start)

    assert caught.value.facts["media_type"] == name
    assert "application/pdf" in caught.value.facts["supported"]
