"""Chooses the reader for an input. The one door into this floor for whoever draws pages."""

from __future__ import annotations

from pathlib import Path

from inkstream_server.document.content import map_file
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.media_type import HEAD_BYTES, MediaType, media_type_of
from inkstream_server.document.opened import Document
from inkstream_server.document.pdf import PdfDocument
from inkstream_server.document.picture import Picture
from inkstream_server.document.raw import RawDocument, RawImage
from inkstream_server.document.tiff import TiffDocument


def open_document(source: bytes | Path, password: str, limits: DocumentLimits) -> Document:
    """Reads headers only; no page is decoded yet. Whoever opens it closes it.

    A file is never read as a whole; it is not empty, and once open it may lose its name. Raises
    EmptyInput, UnsupportedMediaType, ImageDamaged, ImageTooLarge, TooManyPages, PdfDamaged,
    PdfPasswordRequired, PdfPasswordWrong or DocumentEmpty. The password matters to encrypted PDFs
    alone.
    """
    content = map_file(source) if isinstance(source, Path) else source
    media_type = media_type_of(content[:HEAD_BYTES])
    if media_type is MediaType.PDF:
        return PdfDocument(source, password, limits)
    if media_type is MediaType.TIFF:
        return TiffDocument(content, max_pixels=limits.max_image_pixels)
    return Picture(content, media_type, max_pixels=limits.max_image_pixels)


def open_raw_image(image: RawImage, limits: DocumentLimits) -> Document:
    """Raises InvalidField, naming the field of `source.raw`, or ImageTooLarge."""
    return RawDocument(image, max_pixels=limits.max_image_pixels)
