"""Pages that lie on their side are read upright, and told where they lay."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.pictures import picture, png, tiff
from tests.wire.calls import CALL_S, Stubs, document_request, pages_of, well_server
from tests.wire.http_calls import base64_of, post

from inkstream.v1 import ocr_pb2, page_pb2, settings_pb2, source_pb2
from served import RunningServer

# The fake classifier takes the side with the most ink for a page's top.
UPRIGHT = picture("", "the first line of it", "another", height_px=600, width_px=520)
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with well_server("--set=models.doc_orientation=ori") as running:
        yield running


def read(stubs: Stubs, page: NDArray[np.uint8], *, upright: bool | None = None) -> page_pb2.Page:
    options = settings_pb2.RecognizeOptions(
        use_doc_orientation_classify=upright,
        return_word_box=True,
        visualize=True,
        return_page_images=True,
    )
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=png(page)), options=options)
    return stubs.ocr.Recognize(request, timeout=CALL_S).page


def texts(page: page_pb2.Page) -> list[str]:
    return [line.text for line in page.lines]


def polygons(page: page_pb2.Page) -> list[page_pb2.Polygon]:
    words = [word.polygon for line in page.lines for word in line.words]
    lines = [line.polygon for line in page.lines]
    return words + lines + [found.polygon for found in page.detections]


def shape(image: bytes) -> tuple[int, ...]:
    decoded = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded).shape


def cut(page: NDArray[np.uint8], polygon: page_pb2.Polygon) -> NDArray[np.uint8]:
    """What lies within a polygon, which is upright here, turned as its first vertex says."""
    points = [(point.x, point.y) for point in polygon.points]
    left, top = (min(values) for values in zip(*points, strict=True))
    right, bottom = (max(values) for values in zip(*points, strict=True))
    piece = page[top:bottom, left:right]
    corner = points.index((left, top))  # which of the vertices lies at the top left of the page
    return np.rot90(piece, -corner % 4)


@pytest.mark.parametrize("angle", TURNS)
def test_a_turned_page_is_read_as_the_upright_one(stubs: Stubs, angle: int) -> None:
    expected = read(stubs, UPRIGHT)
    lying = np.asarray(cv2.rotate(UPRIGHT, TURNS[angle]), np.uint8)

    page = read(stubs, lying)

    assert expected.doc_angle == 0
    assert page.doc_angle == angle
    assert texts(page) == texts(expected) != []
    assert (page.height, page.width) == lying.shape[:2]
    assert page.frame == settings_pb2.FRAME_SOURCE


@pytest.mark.parametrize("angle", TURNS)
def test_polygons_lie_on_the_page_as_it_was_sent(stubs: Stubs, angle: int) -> None:
    expected = read(stubs, UPRIGHT)
    lying = np.asarray(cv2.rotate(UPRIGHT, TURNS[angle]), np.uint8)

    page = read(stubs, lying)

    assert polygons(page)
    for found, upright in zip(polygons(page), polygons(expected), strict=True):
        assert (cut(lying, found) == cut(UPRIGHT, upright)).all()


@pytest.mark.parametrize("angle", TURNS)
def test_over_http_places_lie_on_the_page_as_it_was_read(server: RunningServer, angle: int) -> None:
    lying = np.asarray(cv2.rotate(UPRIGHT, TURNS[angle]), np.uint8)

    upright = post(server, file=base64_of(png(UPRIGHT)))
    answer = post(server, file=base64_of(png(lying)))

    (page,), (expected,) = answer.pages, upright.pages
    assert page["texts"] == expected["texts"] != []
    assert page["prunedResult"]["doc_preprocessor_res"]["angle"] == angle
    assert page["prunedResult"]["dt_polys"] == expected["prunedResult"]["dt_polys"]
    height, width = lying.shape[:2]
    info = {"width": width, "height": height, "type": "image"}  # of the page as it was sent
    assert answer.json["result"]["dataInfo"] == info


@pytest.mark.parametrize("angle", [0, *TURNS])
def test_images_show_the_page_as_it_was_sent_and_as_it_was_read(stubs: Stubs, angle: int) -> None:
    lying = np.asarray(cv2.rotate(UPRIGHT, TURNS[angle]) if angle else UPRIGHT, np.uint8)

    page = read(stubs, lying)

    height, width, _ = UPRIGHT.shape
    assert shape(page.input_image) == lying.shape
    assert shape(page.visualization) == (height, 2 * width, 3)
    assert shape(page.preprocessing_visualization)[1] == lying.shape[1] + width


def test_it_is_on_where_it_is_served_and_a_request_can_turn_it_off(stubs: Stubs) -> None:
    lying = np.asarray(cv2.rotate(UPRIGHT, cv2.ROTATE_90_CLOCKWISE), np.uint8)

    by_default, off = read(stubs, lying), read(stubs, lying, upright=False)

    assert by_default.settings.use_doc_orientation_classify
    assert by_default.settings.use_doc_preprocessor
    assert not off.settings.use_doc_orientation_classify
    assert not off.settings.use_doc_preprocessor
    assert off.doc_angle == -1
    assert texts(off) != texts(by_default)


def test_each_page_of_a_document_is_turned_by_itself(stubs: Stubs) -> None:
    lying = [np.asarray(cv2.rotate(UPRIGHT, turn), np.uint8) for turn in TURNS.values()]

    pages = pages_of(stubs.read_document(document_request(tiff(UPRIGHT, *lying))))

    assert [page.doc_angle for page in pages] == [0, *TURNS]
    assert [texts(page) for page in pages] == [texts(pages[0])] * 4
