"""Which pages of the reference data a classifier is held against, and how they stand in the file.

Every picture, and the first page of every PDF (of which none was trained on, nor used to choose
anything). Left out by one rule: there is no text of which a person could say which way is up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opening import open_document
from inkstream_server.errors import OcrError

COUNTER_CLOCKWISE_TO_UPRIGHT: Final = {
    "docling__ocr_test_rotated_180.pdf": 180,
    "paddleocr__det_90.jpg": 90,
    "tesseract__phototest-rotated-180.png": 180,
    "tesseract__phototest-rotated-L.png": 270,
}
"""Of the pages that do not stand upright once EXIF and /Rotate are followed."""

BLANK: Final = frozenset({"rapidocr__empty_black.jpg", "ocrmypdf__no_contents.pdf"})
"""No text at all: to be left as they are."""

ILLEGIBLE: Final = frozenset({"rapidocr__short.png"})
"""Text that nobody can read at this size: 65 x 11 px, blurred."""

_PASSWORDS: Final = {
    "docling__2206.01062_pg3.pdf": "1234",
    "paperless__password-is-test.pdf": "test",
    "pdfjs__issue21579.pdf": "pässwört",
    "pdfjs__issue3371.pdf": "ELXRTQWS",
    "pypdf__libreoffice-writer-password.pdf": "openpassword",
    "pypdf__r4-aes-user-password.pdf": "asdfzxcv",
    "pypdf__r6-both-passwords.pdf": "foo",
}
_PDF: Final = ".pdf"


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """`upright` is H x W x 3, BGR."""

    name: str
    page_number: int
    upright: NDArray[np.uint8]


def pages_with_text(folder: Path) -> Iterator[ReferencePage]:
    """Upright. `folder` holds `images` and `pdfs`; what cannot be opened is passed over."""
    for page in _pages(folder):
        if page.name not in BLANK | ILLEGIBLE:
            yield page


def blank_pages(folder: Path) -> Iterator[ReferencePage]:
    """As they are in the file."""
    yield from (page for page in _pages(folder) if page.name in BLANK)


def _pages(folder: Path) -> Iterator[ReferencePage]:
    for path in sorted([*(folder / "images").iterdir(), *(folder / "pdfs").iterdir()]):
        try:
            document = open_document(path, _PASSWORDS.get(path.name, ""), DocumentLimits())
            count = 1 if path.suffix == _PDF else document.page_count
            drawn = [document.draw(number + 1, None) for number in range(count)]
        except OcrError:  # damaged, locked without a known password, or larger than allowed
            continue
        turns = COUNTER_CLOCKWISE_TO_UPRIGHT.get(path.name, 0) // 90
        for index, page in enumerate(drawn):
            yield ReferencePage(path.name, index + 1, np.ascontiguousarray(np.rot90(page, turns)))
        document.close()
