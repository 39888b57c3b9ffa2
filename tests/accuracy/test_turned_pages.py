"""Pages that lie on their side or on their head are read as the upright ones are, by default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pymupdf
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.accuracy.golden import needs_models
from tests.pictures import png
from tests.reference_data import needs_reference_data, reference_file

from inkstream import Client, Page
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opening import open_document
from served import running_server

pytestmark = [pytest.mark.models, needs_models, needs_reference_data]

# Of those that the embedded classifier is sure of, however they lie; how many those are is the
# matter of test_embedded_doc_orientation.
PICTURES = ("images/paddleocr__11.jpg", "pdfs/docling__sample_with_rotation_mismatch.pdf")
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
NEAR_PX = 4
EXIF_ORIENTATION = 0x0112
STORED_LYING = 6
"""EXIF: turned counter-clockwise in the file, to be turned back for looking at."""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running_server("--tuning", "off") as server, Client(server.target, timeout_s=300) as own:
        yield own


def upright(name: str) -> NDArray[np.uint8]:
    document = open_document(reference_file(f"data/{name}"), "", DocumentLimits())
    page = np.ascontiguousarray(document.draw(1, None))
    document.close()
    return page


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("angle", TURNS)
def test_a_turned_picture_reads_as_the_upright_one(client: Client, name: str, angle: int) -> None:
    picture = upright(name)
    expected = client.recognize(png(picture))
    lying = np.asarray(cv2.rotate(picture, TURNS[angle]), np.uint8)

    page = client.recognize(png(lying))

    assert (expected.doc_angle, page.doc_angle) == (0, angle)
    assert texts(page) == texts(expected) != []


@pytest.mark.parametrize("angle", TURNS)
def test_its_polygons_lie_on_the_picture_that_was_sent(client: Client, angle: int) -> None:
    picture = upright(PICTURES[0])
    expected = client.recognize(png(picture))
    lying = np.asarray(cv2.rotate(picture, TURNS[angle]), np.uint8)

    page = client.recognize(png(lying))

    for found, line in zip(page.lines, expected.lines, strict=True):
        np.testing.assert_allclose(
            found.polygon, turned_clockwise(line.polygon, angle, picture.shape), atol=NEAR_PX
        )


def turned_clockwise(
    polygon: Sequence[tuple[int, int]], angle: int, shape: tuple[int, ...]
) -> list[tuple[int, int]]:
    height, width = shape[:2]
    return [
        {90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}[angle]
        for x, y in polygon
    ]


def test_a_picture_that_exif_sets_upright_is_not_turned_again(
    client: Client, tmp_path: Path
) -> None:
    picture = upright(PICTURES[0])
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = STORED_LYING
    stored = np.ascontiguousarray(np.rot90(picture))
    file = tmp_path / "stored.jpg"
    Image.fromarray(stored[:, :, ::-1]).save(file, quality=95, exif=exif)

    page = client.recognize(file)

    assert page.doc_angle == 0
    assert (page.height, page.width) == picture.shape[:2]
    assert page.lines


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_pdf_page_whose_rotate_is_wrong_is_read_upright(client: Client, rotate: int) -> None:
    picture = upright(PICTURES[0])
    expected = texts(client.recognize(pdf_of(picture, rotate=0)))

    lying = client.recognize(pdf_of(picture, rotate=rotate))

    assert lying.doc_angle == rotate
    assert texts(lying) == expected != []


def pdf_of(picture: NDArray[np.uint8], *, rotate: int) -> bytes:
    """One page of the picture, which viewers show turned clockwise by `rotate`."""
    height, width = picture.shape[:2]
    with pymupdf.open() as document:
        page = document.new_page(width=width / 2, height=height / 2)
        page.insert_image(page.rect, stream=png(picture))
        page.set_rotation(rotate)
        return bytes(document.tobytes())
