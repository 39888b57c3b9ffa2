"""Pages with something to read on them, made by the tests themselves."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image

LINE_STEP_PX = 60
AES_256 = 5  # pymupdf.PDF_ENCRYPT_AES_256, which its types leave out


def picture(*texts: str, height_px: int = 0, width_px: int = 480) -> NDArray[np.uint8]:
    """A white page (BGR) with one line of text under the other."""
    height_px = height_px or LINE_STEP_PX * (len(texts) + 1)
    page = np.full((height_px, width_px, 3), 255, np.uint8)
    for number, text in enumerate(texts, start=1):
        cv2.putText(page, text, (20, number * LINE_STEP_PX), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 4)
    return page


def png(page: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", page)[1].tobytes()


def tiff(*pages: NDArray[np.uint8]) -> bytes:
    first, *others = (Image.fromarray(page[:, :, ::-1].copy()) for page in pages)
    file = BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


def pdf(*texts: str, password: str = "", width_pt: int = 300, height_pt: int = 120) -> bytes:
    """A PDF with a page for each text; an empty one is a blank page."""
    document = pymupdf.open()
    for text in texts:
        page = document.new_page(width=width_pt, height=height_pt)
        page.insert_text((20, 60), text, fontsize=24)
    options: dict[str, object] = {}
    if password:
        options = {"encryption": AES_256, "user_pw": password}
    content: bytes = document.tobytes(**options)
    document.close()
    return content


def pageless_pdf() -> bytes:
    """A PDF that is whole and has no page, which PyMuPDF does not write."""
    content, starts = b"%PDF-1.4\n", []
    for item in (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"):
        starts.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (len(starts), item)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    end = b"trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(content)
    return content + b"xref\n0 3\n0000000000 65535 f \n" + table + end
