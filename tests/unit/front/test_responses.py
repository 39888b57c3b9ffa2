from __future__ import annotations

from dataclasses import replace

import pytest

from inkstream.v1 import ocr_pb2, page_pb2, settings_pb2
from inkstream_server.errors import ImageDamaged, InternalError
from inkstream_server.front import responses
from inkstream_server.models.files import Module
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.results import (
    NOT_CLASSIFIED,
    DocumentEnd,
    DocumentStart,
    FailedPage,
    Page,
    PageTiming,
    TextLine,
)
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.stages.detection import DetectionParams, LimitType
from inkstream_server.stages.regions import Polygon, Region
from inkstream_server.stages.words import Word
from inkstream_server.workers.cpu_tasks import PageImages
from inkstream_server.workers.model_tasks import LoadedModel

TILTED: Polygon = ((10, 20), (110, 30), (108, 60), (8, 50))
SETTINGS = PageSettings(
    DetectionParams(736, LimitType.MIN, 0.25, 0.5, 1.5), 0.125, "det", "rec", "cls"
)
PAGE = Page(
    page_number=3,
    width_px=640,
    height_px=480,
    lines=(TextLine("text", 0.75, TILTED, 180),),
    regions=(Region(TILTED, 0.875), Region(((0, 0), (9, 0), (9, 9), (0, 9)), 0.625)),
    region_angles=(180, 0),
    settings=SETTINGS,
    timing=PageTiming(total_s=1.5, queued_s=0.25, mean_batch_size=2.5),
)


def points(polygon: page_pb2.Polygon) -> list[tuple[int, int]]:
    return [(point.x, point.y) for point in polygon.points]


def test_a_page_keeps_its_number_and_size_and_says_what_did_not_run() -> None:
    sent = responses.page(PAGE)

    assert (sent.page_number, sent.width, sent.height) == (3, 640, 480)
    assert sent.doc_angle == -1
    assert sent.frame == settings_pb2.FRAME_SOURCE
    assert not sent.HasField("error")


def test_a_page_says_which_image_its_coordinates_are_in() -> None:
    assert responses.page(replace(PAGE, frame=Frame.READ)).frame == settings_pb2.FRAME_READ


@pytest.mark.parametrize(
    ("orientation", "unwarping"), [(None, None), ("ori", None), (None, "flat"), ("ori", "flat")]
)
def test_a_page_says_how_it_was_made_ready(orientation: str | None, unwarping: str | None) -> None:
    settings = replace(SETTINGS, doc_orientation_model=orientation, doc_unwarping_model=unwarping)

    told = responses.settings(settings)

    assert told.use_doc_orientation_classify == bool(orientation)
    assert told.use_doc_unwarping == bool(unwarping)
    assert told.use_doc_preprocessor == bool(orientation or unwarping)


def test_a_line_has_its_polygon_and_the_upright_box_around_it() -> None:
    (line,) = responses.page(PAGE).lines

    assert (line.text, line.score, line.angle) == ("text", 0.75, 180)
    assert points(line.polygon) == list(TILTED)
    assert line.box == page_pb2.Box(x_min=8, y_min=20, x_max=110, y_max=60)


def test_a_line_has_its_words_where_they_are_known() -> None:
    words = (Word("a", TILTED), Word(" ", TILTED))

    (line,) = responses.page(replace(PAGE, lines=(replace(PAGE.lines[0], words=words),))).lines

    assert [word.text for word in line.words] == ["a", " "]
    assert points(line.words[0].polygon) == list(TILTED)
    assert not responses.page(PAGE).lines[0].words


def test_a_page_has_the_images_that_were_made_of_it() -> None:
    sent = responses.page(replace(PAGE, images=PageImages(b"result", b"source", b"steps")))

    assert sent.visualization == b"result"
    assert sent.input_image == b"source"
    assert sent.preprocessing_visualization == b"steps"
    assert not responses.page(PAGE).visualization


def test_every_region_is_told_also_without_a_line() -> None:
    detections = responses.page(PAGE).detections

    assert [(each.score, each.angle) for each in detections] == [(0.875, 180), (0.625, 0)]
    assert points(detections[0].polygon) == list(TILTED)


def test_the_time_a_page_took_is_told() -> None:
    timing = responses.page(PAGE).timing

    assert timing.total.ToTimedelta().total_seconds() == 1.5
    assert timing.queued.ToTimedelta().total_seconds() == 0.25
    assert timing.mean_batch_size == 2.5


def test_the_settings_are_told_filled_in() -> None:
    assert responses.page(PAGE).settings == settings_pb2.EffectiveSettings(
        use_textline_orientation=True,
        text_det_limit_side_len=736,
        text_det_limit_type=settings_pb2.LIMIT_TYPE_MIN,
        text_det_thresh=0.25,
        text_det_box_thresh=0.5,
        text_det_unclip_ratio=1.5,
        text_rec_score_thresh=0.125,
        text_det_model="det",
        text_rec_model="rec",
    )


@pytest.mark.parametrize("limit_type", LimitType)
def test_every_limit_type_has_a_number(limit_type: LimitType) -> None:
    values = replace(SETTINGS, detection=DetectionParams(limit_type=limit_type))

    assert responses.settings(values).text_det_limit_type != settings_pb2.LIMIT_TYPE_UNSPECIFIED


def test_a_line_that_was_not_classified_says_so() -> None:
    line = TextLine("text", 0.5, TILTED, NOT_CLASSIFIED)

    assert responses.page(replace(PAGE, lines=(line,))).lines[0].angle == -1


def test_of_a_failed_page_nothing_is_set_but_its_number_and_error() -> None:
    sent = responses.failed_page(FailedPage(4, ImageDamaged("torn")), "id-7")

    error = page_pb2.Error(code=3, reason="IMAGE_DAMAGED", message="torn")
    assert sent == page_pb2.Page(page_number=4, error=error)


def test_of_our_own_bug_a_page_tells_only_where_to_ask() -> None:
    sent = responses.failed_page(FailedPage(4, InternalError("secret")), "id-7")

    assert "secret" not in sent.error.message
    assert "id-7" in sent.error.message


def test_every_event_of_a_document_has_its_message() -> None:
    start = responses.document_event(DocumentStart("image/tiff", 9, 2, 0.5), "id")
    page = responses.document_event(PAGE, "id")
    failed = responses.document_event(FailedPage(4, ImageDamaged("torn")), "id")
    end = responses.document_event(DocumentEnd(1, 2, 0.5), "id")

    assert start.start == ocr_pb2.DocumentStart(
        page_count=9, selected_page_count=2, media_type="image/tiff"
    )
    assert page.page == responses.page(PAGE)
    assert failed.page.error.reason == "IMAGE_DAMAGED"
    assert (end.end.ok_page_count, end.end.failed_page_count) == (1, 2)
    assert end.end.elapsed.ToTimedelta().total_seconds() == 0.5


def test_a_model_is_told_as_it_was_loaded() -> None:
    loaded = LoadedModel("rec", Module.TEXT_RECOGNITION, "openvino", "cpu", "bf16", 6624)

    sent = responses.model(loaded, is_default=True)

    assert (sent.name, sent.module, sent.engine, sent.device) == (
        "rec",
        "text_recognition",
        "openvino",
        "cpu",
    )
    assert (sent.precision, sent.character_count, sent.is_default) == ("bf16", 6624, True)
