import struct
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tests.unit.document.files import EXIF_ORIENTATION, colourful, image_file, pillow_image

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opened import Document
from inkstream_server.document.opening import open_document
from inkstream_server.document.tiff_pages import MAX_TIFF_PAGES, find_tiff_pages
from inkstream_server.errors import ImageDamaged, ImageTooLarge, TooManyPages


def open_tiff(content: bytes, max_pixels: int = 1_000_000) -> Document:
    return open_document(content, "", DocumentLimits(max_image_pixels=max_pixels))


def tiff_of(*images: Image.Image, **options: object) -> bytes:
    return image_file(images[0], "TIFF", save_all=True, append_images=images[1:], **options)


def pages(*widths_px: int) -> list[Image.Image]:
    return [pillow_image(colourful(6, width_px)) for width_px in widths_px]


@pytest.mark.parametrize("big_tiff", [False, True])
def test_every_page_is_a_page_in_any_order(big_tiff: bool) -> None:
    document = open_tiff(tiff_of(*pages(3, 5, 8), big_tiff=big_tiff))

    assert document.page_count == 3
    for number, width_px in [(3, 8), (1, 3), (2, 5)]:
        assert document.page_size(number, None).shape == (6, width_px, 3)
        assert (document.draw(number, None) == colourful(6, width_px)).all()


def test_big_endian_files_are_read() -> None:
    entries = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 0),
               (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 2)]  # fmt: skip
    strip_at = 8 + 2 + 12 * len(entries) + 4
    body = b"".join(
        struct.pack(">HHI", tag, kind, count)
        + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value or strip_at))
        for tag, kind, count, value in entries
    )
    head = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", len(entries))

    page = open_tiff(head + body + bytes(4) + b"\x10\x20").draw(1, None)

    assert page[0, :, 0].tolist() == [0x10, 0x20]


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw", "jpeg", "packbits"])
def test_usual_compressions_are_read(compression: str) -> None:
    mode = "1" if compression == "group4" else "L"
    image = Image.new(mode, (40, 30), 0)
    image.paste(255, (10, 10, 20, 20))

    page = open_tiff(tiff_of(image, compression=compression)).draw(1, None)

    assert page[15, 15, 0] > 250
    assert page[2, 2, 0] < 5


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"])
def test_every_mode_becomes_bgr(mode: str) -> None:
    grey = Image.new("L", (4, 3), 255)
    image = grey.convert("RGB").convert(mode) if mode != "LAB" else Image.new("LAB", (4, 3), 255)
    if mode == "I;16":
        image = Image.fromarray(np.full((3, 4), 65535, np.uint16))
    options = {"compression": "jpeg"} if mode == "YCbCr" else {}

    page = open_tiff(tiff_of(image, **options)).draw(1, None)

    assert page.shape == (3, 4, 3)
    assert page.dtype == np.uint8
    assert page.min() > 250 or mode == "LAB"


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_pages_are_laid_on_white(mode: str) -> None:
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    image.putpixel((1, 1), (0, 0, 0, 255))

    page = open_tiff(tiff_of(image.convert(mode))).draw(1, None)

    assert page[0, 0].tolist() == [255] * 3
    assert page[1, 1].tolist() == [0] * 3


def test_deep_grey_whose_zero_is_white_is_turned_round() -> None:
    image = Image.fromarray(np.full((3, 4), 65535, np.uint16))

    page = open_tiff(tiff_of(image, tiffinfo={262: 0})).draw(1, None)

    assert (page == 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_heeded_in_the_size_too(orientation: int) -> None:
    content = tiff_of(*pages(9), tiffinfo={int(EXIF_ORIENTATION): orientation})

    document = open_tiff(content)
    page = document.draw(1, None)

    assert page.shape == document.page_size(1, None).shape
    assert page.shape[:2] == ((9, 6) if orientation >= 5 else (6, 9))


def test_a_page_that_is_too_large_fails_alone() -> None:
    document = open_tiff(tiff_of(*pages(3, 50, 4)), max_pixels=100)

    with pytest.raises(ImageTooLarge, match="page 2") as caught:
        document.page_size(2, None)
    with pytest.raises(ImageTooLarge):
        document.draw(2, None)

    assert caught.value.facts["page"] == "2"
    assert caught.value.facts["max_pixels"] == "100"
    assert document.draw(3, None).shape == (6, 4, 3)


def test_a_page_cut_off_fails_alone() -> None:
    first, second = tiff_of(*pages(3)), tiff_of(*pages(3, 4))
    document = open_tiff(second[: len(first)])

    assert document.draw(1, None).shape == (6, 3, 3)
    assert document.page_count == 2
    with pytest.raises(ImageDamaged, match="page 2"):
        document.page_size(2, None)


def test_pages_that_run_in_a_circle_are_counted_once() -> None:
    content = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HI", 0, 14) + struct.pack("<HI", 0, 8)

    assert find_tiff_pages(content) == [8, 14]


@pytest.mark.parametrize("content", [b"II*\0", b"II*\0\0\0\0\0", b"MM\0+\0\x08\0\0"])
def test_a_file_without_a_first_page_is_damaged(content: bytes) -> None:
    with pytest.raises(ImageDamaged):
        open_tiff(content)


def test_an_offset_beyond_every_file_is_a_page_that_fails() -> None:
    content = b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**64 - 1)

    document = open_tiff(content)

    assert document.page_count == 1
    with pytest.raises(ImageDamaged):
        document.draw(1, None)


def test_a_forged_chain_of_pages_is_refused_at_once() -> None:
    chain = b"".join(struct.pack("<HI", 0, 8 + 6 * n) for n in range(1, MAX_TIFF_PAGES + 10))
    started = time.perf_counter()

    with pytest.raises(TooManyPages):
        open_tiff(b"II*\0" + struct.pack("<I", 8) + chain)

    assert time.perf_counter() - started < 2


def test_a_tiff_tells_its_type_and_closes_twice() -> None:
    document = open_tiff(tiff_of(*pages(3)))

    document.close()
    document.close()

    assert document.media_type == "image/tiff"


def test_opening_leaves_the_input_as_it_was() -> None:
    content = tiff_of(*pages(3, 4))
    copy = BytesIO(content).read()

    open_tiff(content).draw(2, None)

    assert content == copy
