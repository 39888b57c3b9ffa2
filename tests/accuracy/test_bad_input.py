"""Every bad, odd or real file of the reference data ends in pages or in a typed error, soon."""

import time
from pathlib import Path

import pytest
from tests.reference_data import needs_reference_data, reference_file, reference_files
from tests.unit.document.files import opencv_pixels

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opening import open_document
from inkstream_server.errors import Fault, OcrError

pytestmark = needs_reference_data

PASSWORDS = {
    "paperless__password-is-test.pdf": "test",
    "pdfjs__issue21579.pdf": "pässwört",
    "pdfjs__issue3371.pdf": "ELXRTQWS",
    "pypdf__libreoffice-writer-password.pdf": "openpassword",
    "pypdf__r4-aes-user-password.pdf": "asdfzxcv",
    "pypdf__r6-both-passwords.pdf": "foo",
}
REFUSED = {
    "bad/mmocr__broken.jpg": "IMAGE_DAMAGED",
    "bad/p2p__table_test2.png": "UNSUPPORTED_MEDIA_TYPE",
    "bad/paddleocr__empty_0_bytes.jpg": "EMPTY_INPUT",
    "bad/paperless__simple.heic": "UNSUPPORTED_MEDIA_TYPE",
    "bad/pillow__badheadersize.bmp": "IMAGE_DAMAGED",
    "bad/pillow__badrle.bmp": "IMAGE_DAMAGED",
    "bad/pillow__broken.png": "IMAGE_DAMAGED",
    "bad/pillow__crash-2020-10-test.tif": "IMAGE_DAMAGED",
    "bad/pillow__decompression_bomb.gif": "IMAGE_TOO_LARGE",
    "bad/pillow__decompression_bomb.ico": "UNSUPPORTED_MEDIA_TYPE",
    "bad/pillow__hopper.heif": "UNSUPPORTED_MEDIA_TYPE",
    "bad/pillow__not_enough_data.jp2": "IMAGE_DAMAGED",
    "bad/pillow__oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif": "IMAGE_DAMAGED",
    "bad/pillow__pngtest_bad.png.bin": "UNSUPPORTED_MEDIA_TYPE",
    "bad/pillow__seek_too_large.tif": "IMAGE_DAMAGED",
    "bad/pillow__shortfile.bmp": "IMAGE_DAMAGED",
    "bad/pillow__truncated_end_chunk.png": "IMAGE_DAMAGED",
    "bad/pillow__truncated_jpeg.jpg": "IMAGE_DAMAGED",
    "bad/pillow__zero_height.j2k": "IMAGE_DAMAGED",
    "bad/pillow__zero_width.gif": "IMAGE_DAMAGED",
    "bad/pymupdf__test_open2.svg": "UNSUPPORTED_MEDIA_TYPE",
    "bad/rapidocr__two_dim_image.npy": "UNSUPPORTED_MEDIA_TYPE",
    "pdfs/docling__2206.01062_pg3.pdf": "PDF_PASSWORD_REQUIRED",
    "pdfs/paperless__encrypted.pdf": "PDF_PASSWORD_REQUIRED",
    "pdfs/pdfjs__issue15590.pdf": "DOCUMENT_EMPTY",
    "pdfs/pdfjs__issue9418.pdf": "DOCUMENT_EMPTY",
    "pdfs/pdfjs__poppler-395-0-fuzzed.pdf": "DOCUMENT_EMPTY",
    "pdfs/pdfjs__poppler-67295-0.pdf": "PDF_DAMAGED",
    "pdfs/pdfjs__poppler-85140-0.pdf": "PDF_DAMAGED",
}
PAGE_COUNTS = {
    "bad/pillow__g4-multi.tiff": 3,
    "bad/pillow__total-pages-zero.tif": 3,
    "bad/pillow__frozenpond.mpo": 1,
    "bad/pillow__iss634.gif": 1,
    "pdfs/pdfjs__freeculture.pdf": 352,
    "pdfs/pymupdf__test-3820.pdf": 155,
}
# Transparent ground: PaddleX drops alpha, and reads nothing on the first.
COMPOSED = {
    "rapidocr__black_font_color_transparent.png",
    "rapidocr__white_font_color_transparent.png",
}


def in_folder(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def draw_first_pages(path: Path, page_limit: int = 3) -> int:
    """Draws some pages, and returns how many the document has."""
    document = open_document(path.read_bytes(), PASSWORDS.get(path.name, ""), DocumentLimits())
    for page_number in range(1, min(document.page_count, page_limit) + 1):
        page = document.draw(page_number, None)
        assert page.shape == document.page_size(page_number, None).shape
        assert page.flags.c_contiguous
    document.close()
    return document.page_count


@pytest.mark.parametrize(
    "path", [*reference_files("data/bad"), *reference_files("data/pdfs")], ids=in_folder
)
def test_a_file_ends_in_pages_or_in_a_typed_error(path: Path) -> None:
    expected = REFUSED.get(in_folder(path))
    started = time.perf_counter()

    if expected:
        with pytest.raises(OcrError) as caught:
            draw_first_pages(path)
        assert (caught.value.reason, caught.value.fault) == (expected, Fault.CALLER)
    else:
        page_count = draw_first_pages(path)
        assert page_count == PAGE_COUNTS.get(in_folder(path), page_count)

    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("path", reference_files("data/images"), ids=lambda path: path.name)
def test_a_picture_has_the_pixels_that_opencv_reads(path: Path) -> None:
    content = path.read_bytes()

    page = open_document(content, "", DocumentLimits()).draw(1, None)

    assert page.shape == opencv_pixels(content).shape
    assert path.name in COMPOSED or (page == opencv_pixels(content)).all()


def test_a_poster_is_drawn_at_a_lower_dpi_unless_one_is_named() -> None:
    content = reference_file("data/pdfs/ocrmypdf__poster.pdf").read_bytes()

    poster = open_document(content, "", DocumentLimits())

    assert poster.page_size(1, None).shape == (8500, 4250, 3)
    with pytest.raises(OcrError, match="page 1 would be"):
        poster.page_size(1, 144)
