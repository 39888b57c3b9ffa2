from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.unit.document.files import (
    colourful,
    exif,
    image_file,
    opencv_pixels,
    pillow_image,
    png_chunk,
    png_file,
)

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opened import Document
from inkstream_server.document.opening import open_document
from inkstream_server.errors import ImageDamaged, ImageTooLarge


def open_picture(content: bytes, max_pixels: int = 1_000_000) -> Document:
    return open_document(content, "", DocumentLimits(max_image_pixels=max_pixels))


def drawn(content: bytes) -> np.ndarray:
    return open_picture(content).draw(1, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_ordinary_images_have_the_pixels_that_opencv_reads(kind: str, mode: str) -> None:
    if (kind, mode) == ("JPEG", "P"):
        pytest.skip("JPEG has no palette")
    content = image_file(pillow_image(colourful()).convert(mode), kind)

    document = open_picture(content)
    page = document.draw(1, None)

    assert (page == opencv_pixels(content)).all()
    assert page.shape == document.page_size(1, None).shape
    assert page.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_every_exif_orientation_is_applied_as_opencv_does(kind: str, orientation: int) -> None:
    content = image_file(pillow_image(colourful()), kind, exif=exif(orientation))

    document = open_picture(content)
    page = document.draw(1, None)

    assert page.shape == document.page_size(1, None).shape
    assert (page == opencv_pixels(content)).all()


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_orientation_is_applied_where_opencv_may_not(kind: str) -> None:
    content = image_file(pillow_image(colourful()), kind, exif=exif(6))

    document = open_picture(content)

    assert document.page_size(1, None).shape == (8, 6, 3)
    assert document.draw(1, None).shape == (8, 6, 3)


@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"x"])
def test_broken_exif_leaves_the_picture_as_it_is(exif: bytes) -> None:
    content = image_file(pillow_image(colourful()), "JPEG", exif=exif)

    assert open_picture(content).page_size(1, None).shape == (6, 8, 3)
    assert drawn(content).shape == (6, 8, 3)


@pytest.mark.parametrize("value", [0, 9, 300])
def test_an_orientation_that_does_not_exist_is_none(value: int) -> None:
    content = image_file(pillow_image(colourful()), "JPEG", exif=exif(value))

    assert drawn(content).shape == (6, 8, 3)


def test_a_cmyk_jpeg_is_read_as_opencv_reads_it() -> None:
    content = image_file(pillow_image(colourful()).convert("CMYK"), "JPEG")

    assert (drawn(content) == opencv_pixels(content)).all()


def test_a_sixteen_bit_png_is_read_as_opencv_reads_it() -> None:
    content = cv2.imencode(".png", colourful().astype(np.uint16) * 257)[1].tobytes()

    assert (drawn(content) == colourful()).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "JPEG2000"])
@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_ink_on_transparent_ground_is_laid_on_what_shows_it(
    kind: str, ink: int, ground: int
) -> None:
    image = Image.new("RGBA", (32, 32), (ink, ink, ink, 0))
    image.paste((ink, ink, ink, 255), (8, 8, 24, 24))

    page = drawn(image_file(image, kind, **({} if kind == "JPEG2000" else {"lossless": True})))

    assert abs(int(page[0, 0, 0]) - ground) <= 2
    assert abs(int(page[16, 16, 0]) - ink) <= 2


def test_a_sixteen_bit_png_with_alpha_is_laid_on_white() -> None:
    bgra = np.zeros((4, 4, 4), np.uint16)
    bgra[1, 1, 3] = 65535

    page = drawn(cv2.imencode(".png", bgra)[1].tobytes())

    assert page[0, 0].tolist() == [255] * 3
    assert page[1, 1].tolist() == [0] * 3


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_read(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("#ff0000", "#00ff00")]
    content = image_file(
        frames[0], kind, save_all=True, append_images=frames[1:], lossless=True, duration=100
    )

    document = open_picture(content)

    assert document.page_count == 1
    assert document.draw(1, None)[10, 10].tolist() == [0, 0, 255]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "JPEG2000", "AVIF"])
def test_a_file_that_is_cut_off_is_damaged(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    content = image_file(Image.fromarray(noise), kind)

    with pytest.raises(ImageDamaged):
        drawn(content[: len(content) // 2])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "JPEG2000", "AVIF"])
def test_every_format_tells_its_size_before_it_is_decoded(kind: str) -> None:
    content = image_file(pillow_image(colourful()), kind)

    with pytest.raises(ImageTooLarge) as caught:
        open_picture(content, max_pixels=47)

    assert caught.value.facts["pixels"] == "48"


def test_a_png_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageTooLarge):
        open_picture(png_file(2**31 - 1, 2**31 - 1))


def test_a_png_with_a_huge_remark_is_read() -> None:
    content = image_file(pillow_image(colourful()), "PNG")
    remark = png_chunk(b"iTXt", b"workflow\0\0\0\0\0" + b"x" * 2_000_000)

    page = drawn(content[:33] + remark + content[33:])

    assert (page == colourful()).all()


def test_a_closed_picture_may_be_closed_again() -> None:
    document = open_picture(image_file(pillow_image(colourful()), "PNG"))

    document.close()
    document.close()

    assert document.media_type == "image/png"


def test_many_pictures_may_be_open_at_once() -> None:
    contents = [image_file(Image.new("L", (n, n)), "PNG") for n in range(1, 5)]

    documents = [open_picture(content) for content in contents]

    assert [document.page_size(1, None).width_px for document in documents] == [1, 2, 3, 4]


def test_an_mpo_is_read_as_its_first_picture() -> None:
    file = BytesIO()
    frames = [pillow_image(colourful(height, 16)) for height in (16, 24)]
    frames[0].save(file, "MPO", save_all=True, append_images=frames[1:])

    document = open_picture(file.getvalue())

    assert document.media_type == "image/jpeg"
    assert document.draw(1, None).shape == (16, 16, 3)
