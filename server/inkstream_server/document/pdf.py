"""A PDF, drawn by MuPDF. Reads no text layer: what is seen on the page is what is recognised."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pymupdf
from numpy.typing import NDArray
from pymupdf import mupdf

from inkstream_server.document.libraries import prepare_libraries
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.media_type import MediaType
from inkstream_server.document.page_size import PageSize
from inkstream_server.errors import (
    DocumentEmpty,
    OcrError,
    PageTooLarge,
    PdfDamaged,
    PdfPasswordRequired,
    PdfPasswordWrong,
)

_POINTS_PER_INCH: Final = 72


class PdfDocument:
    """Annotations and form fields are drawn, /Rotate is heeded, damaged files are repaired.

    A page that would have more than max_page_pixels is drawn at the highest whole dpi that fits
    where the request names no dpi, and refused where it names one, since coordinates follow it.
    """

    def __init__(self, source: bytes | Path, password: str, limits: DocumentLimits) -> None:
        prepare_libraries()
        self._limits = limits
        with _mupdf_errors("the PDF cannot be opened"):
            self._pdf = _open(source)
            _unlock(self._pdf, password)
            self._page_count = int(self._pdf.page_count)
        if self._page_count == 0:
            raise _no_page(is_repaired=bool(self._pdf.is_repaired))
        self._bgr = pymupdf.Colorspace(mupdf.FzColorspace(mupdf.FzColorspace.Fixed_BGR))

    @property
    def media_type(self) -> str:
        return MediaType.PDF.value

    @property
    def page_count(self) -> int:
        return self._page_count

    def page_size(self, page_number: int, dpi: int | None) -> PageSize:
        with _page_errors(page_number):
            page = self._page(page_number)
            return _size_at(page, self._fitting_dpi(page, page_number, dpi))

    def draw(self, page_number: int, dpi: int | None) -> NDArray[np.uint8]:
        with _page_errors(page_number):
            page = self._page(page_number)
            scale = self._fitting_dpi(page, page_number, dpi) / _POINTS_PER_INCH
            pixmap = page.get_pixmap(
                matrix=pymupdf.Matrix(scale, scale), colorspace=self._bgr, alpha=False
            )
            # A copy, since the samples die with the pixmap: 1 ms for an A4 page at 144 dpi.
            samples = np.frombuffer(pixmap.samples_mv, np.uint8)
            return samples.reshape(pixmap.height, pixmap.width, 3).copy()

    def close(self) -> None:
        if not self._pdf.is_closed:
            self._pdf.close()
            pymupdf.TOOLS.store_shrink(100)  # fonts and pictures of a document that is gone

    def _page(self, page_number: int) -> pymupdf.Page:
        page: pymupdf.Page = self._pdf.load_page(page_number - 1)
        # MuPDF draws what is left of a page, and a blank one where nothing is.
        if self._pdf.is_repaired and (missing := _missing(self._pdf, page)):
            raise PdfDamaged(
                f"page {page_number} is not whole: {missing} is missing", page=page_number
            )
        return page

    def _fitting_dpi(self, page: pymupdf.Page, page_number: int, dpi: int | None) -> int:
        asked_dpi = self._limits.default_dpi if dpi is None else dpi
        size = _size_at(page, asked_dpi)
        max_pixels = self._limits.max_page_pixels
        if size.pixels <= max_pixels:
            return asked_dpi
        highest_dpi = _highest_dpi(page, asked_dpi, max_pixels)
        if dpi is None and highest_dpi >= 1:
            return highest_dpi
        raise PageTooLarge(
            f"page {page_number} would be {size.width_px} x {size.height_px} px at "
            f"{asked_dpi} dpi = {size.pixels} pixels; allowed: {max_pixels}",
            page=page_number,
            pixels=size.pixels,
            max_pixels=max_pixels,
            dpi=asked_dpi,
            max_dpi=highest_dpi,
        )


def _open(source: bytes | Path) -> pymupdf.Document:
    try:
        if isinstance(source, Path):
            return pymupdf.open(source, filetype="pdf")
        return pymupdf.open(stream=source, filetype="pdf")
    except pymupdf.FileDataError as error:  # whose text is the path, and nothing of the cause
        raise PdfDamaged("the PDF cannot be opened: it is damaged beyond repair") from error


def _unlock(pdf: pymupdf.Document, password: str) -> None:
    if not pdf.needs_pass:  # also where it is encrypted, and the empty password opens it
        return
    if not password:
        raise PdfPasswordRequired("the PDF is encrypted, and the request brings no password")
    # The same letters have several spellings in Unicode; PDF 2.0 asks for the composed ones.
    spellings = dict.fromkeys((password, unicodedata.normalize("NFKC", password)))
    if not any(pdf.authenticate(spelling) for spelling in spellings):
        raise PdfPasswordWrong("the PDF is encrypted, and the password does not open it")


def _no_page(*, is_repaired: bool) -> DocumentEmpty:
    why = ": it is damaged, and no page could be found in what is left" if is_repaired else ""
    return DocumentEmpty(f"the PDF has no page{why}")


def _missing(pdf: pymupdf.Document, page: pymupdf.Page) -> str:
    """Name what a repaired file has lost of a page; empty where it is all there."""
    if page.xref >= pdf.xref_length() or pdf.xref_get_key(page.xref, "Type")[1] != "/Page":
        return "the page itself"
    parts = {
        "a part of its contents": page.get_contents(),
        "a picture": [image[0] for image in page.get_images(full=True)],
        "a form": [form[0] for form in page.get_xobjects()],
    }
    for what, numbers in parts.items():
        if not all(0 < xref < pdf.xref_length() and pdf.xref_is_stream(xref) for xref in numbers):
            return what
    return ""


def _size_at(page: pymupdf.Page, dpi: int) -> PageSize:
    """By the same rounding as MuPDF's when it draws."""
    scale = dpi / _POINTS_PER_INCH
    box = (page.rect * pymupdf.Matrix(scale, scale)).irect
    if box.width < 1 or box.height < 1:
        raise PdfDamaged(f"the page is {box.width} x {box.height} px")
    return PageSize(height_px=int(box.height), width_px=int(box.width))


def _highest_dpi(page: pymupdf.Page, asked_dpi: int, max_pixels: int) -> int:
    """The highest whole dpi at which the page fits; 0 where there is none."""
    square_inches = page.rect.width * page.rect.height / _POINTS_PER_INCH**2
    dpi = min(asked_dpi, math.isqrt(int(max_pixels / square_inches)))
    # Sides are rounded up to whole pixels, so it may take one step more.
    while dpi >= 1 and _size_at(page, dpi).pixels > max_pixels:
        dpi -= 1
    return dpi


@contextmanager
def _mupdf_errors(what: str, **facts: int) -> Iterator[None]:
    """Whatever MuPDF raises on bad input leaves as PdfDamaged."""
    try:
        yield
    except OcrError:
        raise
    # PyMuPDF raises RuntimeError, ValueError, TypeError and its own types, by no fixed rule.
    except Exception as error:
        raise PdfDamaged(f"{what}: {error}", **facts) from error


@contextmanager
def _page_errors(page_number: int) -> Iterator[None]:
    with _mupdf_errors(f"page {page_number} cannot be drawn", page=page_number):
        yield
