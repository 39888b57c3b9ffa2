import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymupdf import mupdf
from tests.pictures import picture, png
from tests.unit.document.files import pdf_file

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opened import Document
from inkstream_server.document.opening import open_document
from inkstream_server.errors import (
    DocumentEmpty,
    PageTooLarge,
    PdfDamaged,
    PdfPasswordRequired,
    PdfPasswordWrong,
)

RED_CORNER = "1 0 0 rg 0 90 10 10 re f"  # PDF counts from the bottom left: this is the top left


def open_pdf(content: bytes, password: str = "", max_page_pixels: int = 1_000_000) -> Document:
    limits = DocumentLimits(max_page_pixels=max_page_pixels)
    return open_document(content, password, limits)


def locked_pdf(password: str, encryption: int = mupdf.PDF_ENCRYPT_AES_256) -> bytes:
    with pymupdf.open() as pdf:
        pdf.new_page(width=100, height=50)
        return bytes(pdf.tobytes(encryption=encryption, user_pw=password, owner_pw="owner"))


def test_pages_are_drawn_in_bgr_at_the_default_dpi() -> None:
    document = open_pdf(pdf_file("0 0 100 100", content=RED_CORNER))

    page = document.draw(1, None)

    assert document.media_type == "application/pdf"
    assert page.shape == document.page_size(1, None).shape == (200, 200, 3)
    assert page[5, 5].tolist() == [0, 0, 255]
    assert page[50, 50].tolist() == [255] * 3
    assert page.flags.c_contiguous


def test_the_dpi_of_the_request_sets_the_scale() -> None:
    document = open_pdf(pdf_file("0 0 100 50"))

    assert document.page_size(1, 72).shape == (50, 100, 3)
    assert document.draw(1, 216).shape == (150, 300, 3)


def test_rotation_is_heeded() -> None:
    content = pdf_file("0 0 200 100", page_entries="/Rotate 90", content=RED_CORNER)

    page = open_pdf(content).draw(1, 72)

    assert page.shape == (200, 100, 3)
    assert page[5, 95].tolist() == [0, 0, 255]


def test_annotations_are_drawn() -> None:
    with pymupdf.open() as pdf:
        annotation = pdf.new_page(width=100, height=100).add_rect_annot((10, 10, 90, 90))
        annotation.set_colors(fill=(0, 1, 0))
        annotation.update()
        content = bytes(pdf.tobytes())

    assert open_pdf(content).draw(1, 72)[50, 50].tolist() == [0, 255, 0]


@settings(max_examples=60, deadline=None)
@given(
    left=st.floats(-50, 50),
    bottom=st.floats(-50, 50),
    width=st.floats(1, 300),
    height=st.floats(1, 300),
    turn=st.sampled_from([0, 90, 180, 270]),
    dpi=st.integers(10, 300),
)
def test_the_size_told_ahead_is_the_size_drawn(
    left: float, bottom: float, width: float, height: float, turn: int, dpi: int
) -> None:
    box = f"{left:.4f} {bottom:.4f} {left + width:.4f} {bottom + height:.4f}"
    document = open_pdf(pdf_file(box, page_entries=f"/Rotate {turn}"), max_page_pixels=10_000_000)

    assert document.draw(1, dpi).shape == document.page_size(1, dpi).shape


def test_a_page_too_large_for_the_dpi_named_fails_alone() -> None:
    document = open_pdf(pdf_file("0 0 50 50", "0 0 5000 5000"), max_page_pixels=250_000)

    with pytest.raises(PageTooLarge) as caught:
        document.page_size(2, 144)
    with pytest.raises(PageTooLarge):
        document.draw(2, 144)

    assert caught.value.facts == {
        "page": "2",
        "pixels": "100000000",
        "max_pixels": "250000",
        "dpi": "144",
        "max_dpi": "7",
    }
    assert document.draw(1, 144).shape == (100, 100, 3)


@pytest.mark.parametrize(
    "box", ["0 0 5000 5000", "0 0 9999 1234", "0.4 0.4 777.7 4321.1", "0 0 3597.84 3601.44"]
)
def test_a_page_too_large_for_the_default_is_drawn_at_the_highest_dpi_that_fits(box: str) -> None:
    document = open_pdf(pdf_file(box), max_page_pixels=250_000)

    size = document.page_size(1, None)

    assert 150_000 < size.pixels <= 250_000
    assert document.draw(1, None).shape == size.shape


def test_a_page_that_fits_at_no_dpi_is_refused() -> None:
    document = open_pdf(pdf_file("0 0 1000000 1000000"), max_page_pixels=100)

    with pytest.raises(PageTooLarge) as caught:
        document.page_size(1, None)

    assert caught.value.facts["max_dpi"] == "0"


def test_a_page_without_a_pixel_is_damaged() -> None:
    document = open_pdf(pdf_file("0 0 100 100", page_entries="/UserUnit 0"))

    with pytest.raises(PdfDamaged, match="0 x 0"):
        document.page_size(1, None)


@pytest.mark.parametrize("box", ["0 0 0 0", "10 10 5 5", "a b c d", "0 0 1e30 1e30"])
def test_a_senseless_page_box_ends_in_a_page_or_a_typed_error(box: str) -> None:
    document = open_pdf(pdf_file(box))

    try:
        page = document.draw(1, 72)
    except (PdfDamaged, PageTooLarge):
        return
    assert page.shape == document.page_size(1, 72).shape


@pytest.mark.parametrize("password", ["secret", "pässwört", "pa\u0308sswo\u0308rt", "密码"])
def test_the_right_password_opens_the_document(password: str) -> None:
    document = open_pdf(locked_pdf("pässwört" if "ss" in password else password), password)

    assert document.draw(1, 72).shape == (50, 100, 3)


def test_the_password_of_the_owner_opens_the_document() -> None:
    assert open_pdf(locked_pdf("secret"), "owner").page_count == 1


@pytest.mark.parametrize("encryption", [mupdf.PDF_ENCRYPT_RC4_128, mupdf.PDF_ENCRYPT_AES_128])
def test_old_encryption_is_opened(encryption: int) -> None:
    assert open_pdf(locked_pdf("secret", encryption), "secret").page_count == 1


def test_a_missing_password_is_told_apart_from_a_wrong_one() -> None:
    content = locked_pdf("secret")

    with pytest.raises(PdfPasswordRequired):
        open_pdf(content)
    with pytest.raises(PdfPasswordWrong):
        open_pdf(content, "guess")


def test_a_password_that_is_not_needed_does_no_harm() -> None:
    assert open_pdf(pdf_file("0 0 9 9"), "secret").page_count == 1


def test_a_document_that_asks_its_owner_only_opens_without_a_password() -> None:
    assert open_pdf(locked_pdf("")).page_count == 1


def test_a_document_without_pages_is_empty() -> None:
    with pytest.raises(DocumentEmpty):
        open_pdf(pdf_file())


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"%PDF-1.4\n" + b"x" * 500])
def test_what_only_starts_like_a_pdf_is_damaged(content: bytes) -> None:
    with pytest.raises(PdfDamaged):
        open_pdf(content)


def test_a_forged_page_count_is_damaged() -> None:
    content = pdf_file("0 0 9 9").replace(b"/Count 1", b"/Count 900000000")

    with pytest.raises(PdfDamaged):
        open_pdf(content)


def test_a_header_after_other_bytes_is_found() -> None:
    assert open_pdf(b"from the printer\r\n" + pdf_file("0 0 9 9")).page_count == 1


def test_a_closed_document_may_be_closed_again() -> None:
    document = open_pdf(pdf_file("0 0 9 9"))

    document.close()
    document.close()

    with pytest.raises(PdfDamaged):
        document.draw(1, None)


def scans(page_count: int) -> bytes:
    """A PDF with a picture on each page, as a scanner makes it."""
    document = pymupdf.open()
    noise = np.random.default_rng(0)
    for number in range(page_count):
        page = document.new_page(width=300, height=200)
        pixels = picture(f"page {number}", height_px=200, width_px=300)
        pixels = np.minimum(pixels, noise.integers(200, 256, pixels.shape)).astype(np.uint8)
        page.insert_image(page.rect, stream=png(pixels))
    content: bytes = document.tobytes()
    document.close()
    return content


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6, 0.75, 0.9])
def test_what_a_file_that_is_cut_off_has_lost_is_told_page_by_page(share: float) -> None:
    content = scans(5)
    whole, cut = open_pdf(content), open_pdf(content[: int(share * len(content))])
    fates: list[str] = []

    for number in range(1, cut.page_count + 1):
        try:
            assert (cut.draw(number, 72) == whole.draw(number, 72)).all()
        except PdfDamaged:
            fates.append("lost")
        else:
            fates.append("read")

    assert fates == sorted(fates, reverse=True)  # what comes first in the file is still there
    assert {"read", "lost"} == set(fates)


def test_the_size_of_a_page_that_is_lost_is_not_made_up() -> None:
    content = scans(5)
    cut = open_pdf(content[: len(content) // 3])

    with pytest.raises(PdfDamaged, match="page 5 is not whole") as lost:
        cut.page_size(5, 72)
    assert lost.value.facts == {"page": "5"}
