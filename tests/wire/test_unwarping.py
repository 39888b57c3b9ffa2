"""Pages that are bent are read flat, and what was read is told where it lies on the bent page."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.pictures import picture, png, tiff
from tests.wire.calls import CALL_S, Stubs, document_request, pages_of, refusal, well_server
from tests.wire.http_calls import base64_of, post

from inkstream.v1 import models_pb2, ocr_pb2, page_pb2, settings_pb2, source_pb2
from served import RunningServer

# To the fake engine a page is flat when left and right are exchanged, and its top is the side with
# the most ink.
FLAT = picture("", "the first line of it", "another", height_px=600, width_px=520)
BENT = np.ascontiguousarray(FLAT[:, ::-1])
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# Polygons are told in whole pixels.
WITHIN_PX = 1

Options = settings_pb2.RecognizeOptions


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with well_server(
        "--set=models.doc_unwarping=flat", "--set=models.doc_orientation=ori"
    ) as running:
        yield running


def read(stubs: Stubs, page: NDArray[np.uint8], options: Options | None = None) -> page_pb2.Page:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=png(page)), options=options)
    return stubs.ocr.Recognize(request, timeout=CALL_S).page


def read_flat(stubs: Stubs) -> page_pb2.Page:
    """What the flat page reads as when nothing is done to it."""
    return read(stubs, FLAT, Options(use_doc_unwarping=False, use_doc_orientation_classify=False))


def texts(page: page_pb2.Page) -> list[str]:
    return [line.text for line in page.lines]


def polygons(page: page_pb2.Page) -> NDArray[np.int64]:
    """Of all lines and regions: n x 4 x 2."""
    found = [line.polygon for line in page.lines] + [each.polygon for each in page.detections]
    return np.array([[(point.x, point.y) for point in polygon.points] for polygon in found])


def turned(page: NDArray[np.uint8], angle: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.rotate(page, TURNS[angle]), np.uint8)


def test_a_bent_page_is_read_as_the_flat_one(stubs: Stubs) -> None:
    page = read(stubs, BENT)

    assert texts(page) == texts(read_flat(stubs)) != []
    assert page.settings.use_doc_unwarping
    assert page.settings.use_doc_preprocessor


def test_polygons_lie_on_the_page_as_it_was_sent(stubs: Stubs) -> None:
    page = read(stubs, BENT)

    expected = polygons(read_flat(stubs))
    expected[:, :, 0] = BENT.shape[1] - expected[:, :, 0]
    assert page.frame == settings_pb2.FRAME_SOURCE
    assert np.abs(polygons(page) - expected).max() <= WITHIN_PX


@pytest.mark.parametrize("angle", TURNS)
def test_a_page_is_turned_first_and_unwarped_then(stubs: Stubs, angle: int) -> None:
    lying = turned(BENT, angle)

    on_source, as_read = read(stubs, lying), read(stubs, lying, wish(settings_pb2.FRAME_READ))

    expected = read_flat(stubs)
    assert on_source.doc_angle == as_read.doc_angle == angle
    assert texts(on_source) == texts(as_read) == texts(expected)
    assert (on_source.height, on_source.width) == lying.shape[:2]
    assert (as_read.height, as_read.width) == FLAT.shape[:2]
    assert as_read.frame == settings_pb2.FRAME_READ
    assert np.abs(polygons(as_read) - polygons(expected)).max() <= WITHIN_PX
    for found, upright in zip(polygons(on_source), polygons(expected), strict=True):
        assert ink(lying, found) == pytest.approx(ink(FLAT, upright), rel=0.1)
        assert ink(FLAT, upright) > 100


def wish(frame: settings_pb2.Frame.ValueType) -> Options:
    return Options(frame=frame)


def ink(page: NDArray[np.uint8], polygon: NDArray[np.int64]) -> int:
    """Dark pixels inside."""
    mask = np.zeros(page.shape[:2], np.uint8)
    cv2.fillPoly(mask, [polygon.astype(np.int32)], 1)
    return int(((page[:, :, 0] < 100) & (mask == 1)).sum())


def test_vertices_begin_at_the_texts_own_top_left(stubs: Stubs) -> None:
    first, second, third, _ = polygons(read(stubs, BENT))[0]

    assert first[0] > second[0]  # on the bent page the text runs to the left
    assert second[1] < third[1]


def test_a_request_can_turn_it_off(stubs: Stubs) -> None:
    page = read(stubs, BENT, Options(use_doc_unwarping=False))

    assert not page.settings.use_doc_unwarping
    assert page.settings.use_doc_preprocessor  # document orientation is on still
    assert texts(page) != texts(read(stubs, BENT))


def test_each_page_of_a_document_is_unwarped(stubs: Stubs) -> None:
    pages = pages_of(stubs.read_document(document_request(tiff(BENT, turned(BENT, 90), BENT))))

    assert [texts(page) for page in pages] == [texts(read_flat(stubs))] * 3


def test_a_page_without_text_has_none(stubs: Stubs) -> None:
    page = read(stubs, np.full((300, 200, 3), 255, np.uint8))

    assert not page.lines
    assert not page.HasField("error")


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (700, 1), (20, 30)])
def test_a_page_of_few_pixels_is_unwarped_too(stubs: Stubs, size: tuple[int, int]) -> None:
    page = read(stubs, np.full((*size, 3), 255, np.uint8))

    assert (page.height, page.width) == size


def test_it_is_told_with_the_models_and_the_defaults(stubs: Stubs) -> None:
    models = stubs.models.ListModels(models_pb2.ListModelsRequest(), timeout=CALL_S).models
    info = stubs.models.GetServerInfo(models_pb2.GetServerInfoRequest(), timeout=CALL_S)

    assert "image_unwarping" in {model.module for model in models if model.name == "flat"}
    assert info.defaults.use_doc_unwarping


def test_a_frame_that_cannot_be_wished_for_is_refused(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        read(stubs, FLAT, wish(settings_pb2.FRAME_UNWARPED))

    refused = refusal(failed.value)
    assert (refused.reason, refused.field) == ("INVALID_FIELD", "options.frame")


def test_over_http_places_lie_on_the_flat_page(server: RunningServer, stubs: Stubs) -> None:
    expected = read(stubs, BENT, Options(frame=settings_pb2.FRAME_READ))

    (page,) = post(server, file=base64_of(png(BENT))).pages

    assert [line["text"] for line in page["texts"]] == texts(expected) != []
    places = page["prunedResult"]["rec_polys"] + page["prunedResult"]["dt_polys"]
    assert (np.array(places) == polygons(expected)).all()
    modules = page["prunedResult"]["doc_preprocessor_res"]["model_settings"]
    assert modules == {"use_doc_orientation_classify": True, "use_doc_unwarping": True}


def test_words_lie_on_the_page_as_it_was_sent(stubs: Stubs) -> None:
    upright = Options(return_word_box=True, use_doc_orientation_classify=False)
    flat = Options(use_doc_unwarping=False)
    flat.MergeFrom(upright)

    found, expected = words(read(stubs, BENT, upright)), words(read(stubs, FLAT, flat))

    assert [word.text for word in found] == [word.text for word in expected] != []
    for word, other in zip(found, expected, strict=True):
        for point, twin in zip(word.polygon.points, other.polygon.points, strict=True):
            assert abs(BENT.shape[1] - point.x - twin.x) <= 2 * WITHIN_PX
            assert abs(point.y - twin.y) <= 2 * WITHIN_PX


@pytest.mark.parametrize("angle", TURNS)
def test_images_show_the_page_as_sent_as_turned_and_as_read(stubs: Stubs, angle: int) -> None:
    lying = turned(BENT, angle)

    page = read(stubs, lying, Options(return_page_images=True, visualize=True))

    height, width, _ = BENT.shape
    own_height, own_width, _ = lying.shape
    assert differ_little(decoded(page.input_image), lying)
    steps = decoded(page.preprocessing_visualization)
    assert steps.shape == (max(height, own_height), own_width + 2 * width, 3)
    assert differ_little(steps[:own_height, :own_width], lying)
    assert differ_little(steps[:height, own_width : own_width + width], BENT)
    assert differ_little(steps[:height, own_width + width :], FLAT)
    assert decoded(page.visualization).shape == (height, 2 * width, 3)


def words(page: page_pb2.Page) -> list[page_pb2.Word]:
    return [word for line in page.lines for word in line.words]


def decoded(content: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def differ_little(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(int) - other).mean()) < 3
