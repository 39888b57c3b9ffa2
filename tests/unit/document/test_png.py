import zlib

import pytest
from tests.unit.document.files import colourful, image_file, pillow_image, png_chunk, png_file

from inkstream_server.document.page_size import PageSize
from inkstream_server.document.png import read_png_header
from inkstream_server.errors import ImageDamaged


def test_the_size_comes_from_the_header() -> None:
    header = read_png_header(png_file(5, 3))

    assert header.size == PageSize(height_px=3, width_px=5)
    assert not header.has_alpha
    assert header.exif == b""


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_alpha_channel_is_seen(mode: str) -> None:
    content = image_file(pillow_image(colourful()).convert(mode), "PNG")

    assert read_png_header(content).has_alpha


def test_a_transparent_colour_counts_as_alpha() -> None:
    assert read_png_header(png_file(5, 3, png_chunk(b"tRNS", b"\0\0"))).has_alpha


def test_exif_is_handed_out_wherever_it_stands() -> None:
    content = png_file(5, 3, png_chunk(b"IDAT", b""), png_chunk(b"eXIf", b"II*\0"))

    assert read_png_header(content).exif == b"II*\0"


@pytest.mark.parametrize("cut_bytes", [1, 4, 12, 20, 40])
def test_a_file_that_is_cut_off_is_damaged(cut_bytes: int) -> None:
    content = png_file(5, 3, png_chunk(b"IDAT", zlib.compress(bytes(18))))

    with pytest.raises(ImageDamaged, match="cut off"):
        read_png_header(content[:-cut_bytes])


def test_bytes_after_the_end_do_no_harm() -> None:
    assert read_png_header(png_file(5, 3) + b"more").size == PageSize(3, 5)


def test_changed_pixels_are_found_by_their_checksum() -> None:
    content = png_file(5, 3, png_chunk(b"IDAT", b"pixels"))

    with pytest.raises(ImageDamaged, match="changed"):
        read_png_header(content.replace(b"pixels", b"pixelz"))


def test_a_changed_remark_does_no_harm() -> None:
    content = png_file(5, 3, png_chunk(b"tEXt", b"remark"))

    assert read_png_header(content.replace(b"remark", b"remarx")).size == PageSize(3, 5)


def test_a_file_without_its_header_first_is_damaged() -> None:
    content = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")

    with pytest.raises(ImageDamaged, match="header"):
        read_png_header(content)


def test_a_size_of_zero_is_damaged() -> None:
    with pytest.raises(ImageDamaged, match="0 x 3"):
        read_png_header(png_file(0, 3))
