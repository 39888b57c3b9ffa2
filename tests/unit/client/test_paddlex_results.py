from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from inkstream.decoding import decode_page
from inkstream.geometry import Point
from inkstream.paddlex_results import paddlex_result
from inkstream.results import Page
from inkstream.v1 import page_pb2, settings_pb2
from inkstream_server.stages import doc_orientation
from inkstream_server.stages.regions import Polygon

UPPER: Polygon = ((10, 20), (110, 30), (108, 60), (8, 50))
LOWER: Polygon = ((5, 100), (90, 100), (90, 120), (5, 120))
WORD: Polygon = ((10, 20), (50, 24), (48, 54), (8, 50))


def sent(polygon: Sequence[tuple[int, int]]) -> page_pb2.Polygon:
    return page_pb2.Polygon(points=[page_pb2.Point(x=x, y=y) for x, y in polygon])


def page_of(polygon: Polygon = UPPER, doc_angle: int = -1, width: int = 640) -> Page:
    """A page of two regions, the text of the lower one left out."""
    word = page_pb2.Word(text="two", polygon=sent(polygon))
    own = (*polygon[2:], *polygon[:2])  # from the top left of the text, which is upside down
    line = page_pb2.TextLine(
        text="two words", score=0.75, polygon=sent(own), angle=180, words=[word]
    )
    return decode_page(
        page_pb2.Page(
            page_number=3,
            width=width,
            height=480,
            lines=[line],
            detections=[
                page_pb2.Detection(polygon=sent(polygon), score=0.9, angle=180),
                page_pb2.Detection(polygon=sent(LOWER), score=0.8, angle=0),
            ],
            doc_angle=doc_angle,
            frame=settings_pb2.FRAME_SOURCE,
            settings=settings_pb2.EffectiveSettings(
                use_doc_preprocessor=doc_angle >= 0,
                use_doc_orientation_classify=doc_angle >= 0,
                use_textline_orientation=True,
                text_det_limit_side_len=960,
                text_det_limit_type=settings_pb2.LIMIT_TYPE_MAX,
                text_det_thresh=0.3,
                text_det_box_thresh=0.6,
                text_det_unclip_ratio=2.0,
                text_rec_score_thresh=0.5,
            ),
        )
    )


def test_a_page_is_written_as_paddlex_writes_it() -> None:
    result = paddlex_result(page_of(), input_path="scan.pdf", page_index=2)

    expected = {
        "input_path": "scan.pdf",
        "page_index": 2,
        "model_settings": {"use_doc_preprocessor": False, "use_textline_orientation": True},
        "dt_polys": [
            [[10, 20], [110, 30], [108, 60], [8, 50]],
            [[5, 100], [90, 100], [90, 120], [5, 120]],
        ],
        "text_det_params": {
            "limit_side_len": 960,
            "limit_type": "max",
            "thresh": 0.3,
            "max_side_limit": 4000,
            "box_thresh": 0.6,
            "unclip_ratio": 2.0,
        },
        "text_type": "general",
        "textline_orientation_angles": [1, 0],
        "text_rec_score_thresh": 0.5,
        "return_word_box": False,
        "rec_texts": ["two words"],
        "rec_scores": [0.75],
        "rec_polys": [[[10, 20], [110, 30], [108, 60], [8, 50]]],
        "rec_boxes": [[8, 20, 110, 60]],
    }
    assert json.dumps(result) == json.dumps(expected)  # the order of the keys too


def test_what_was_done_to_the_page_stands_behind_the_settings() -> None:
    result = paddlex_result(page_of(doc_angle=0))

    assert list(result)[:4] == [
        "input_path",
        "page_index",
        "model_settings",
        "doc_preprocessor_res",
    ]
    assert result["doc_preprocessor_res"] == {
        "input_path": None,
        "page_index": None,
        "model_settings": {"use_doc_orientation_classify": True, "use_doc_unwarping": False},
        "angle": 0,
    }


@pytest.mark.parametrize("angle", doc_orientation.ANGLES)
def test_places_are_told_on_the_page_as_it_was_read(angle: int) -> None:
    polygon = doc_orientation.to_source(UPPER, angle, height_px=480, width_px=640)

    result = paddlex_result(page_of(polygon, doc_angle=angle), return_word_box=True)

    assert result["rec_polys"] == [[list(point) for point in UPPER]]
    assert result["rec_boxes"] == [[8, 20, 110, 60]]
    assert result["text_word_boxes"] == [[[8, 20, 110, 60]]]


def test_a_page_without_text_has_no_line_angles() -> None:
    result = paddlex_result(replace(page_of(), lines=(), detections=()))

    assert "textline_orientation_angles" not in result
    assert [result[key] for key in ("dt_polys", "rec_texts", "rec_polys", "rec_boxes")] == [[]] * 4


def test_lines_that_were_not_classified_say_so() -> None:
    page = page_of()
    unseen = tuple(replace(each, angle=None) for each in page.detections)

    result = paddlex_result(replace(page, detections=unseen))

    assert result["textline_orientation_angles"] == [-1, -1]


def test_words_come_last_line_by_line_and_only_where_asked_for() -> None:
    page = page_of()
    (line,) = page.lines
    (word,) = line.words
    narrow = replace(word, polygon=tuple(Point(x, y) for x, y in WORD))
    wordless = replace(line, words=())

    result = paddlex_result(
        replace(page, lines=(replace(line, words=(narrow,)), wordless)), return_word_box=True
    )

    assert list(result)[-2:] == ["text_word_boxes", "text_word"]
    assert result["text_word_boxes"] == [[[8, 20, 50, 54]], []]
    assert result["text_word"] == [["two"], []]
    assert "text_word" not in paddlex_result(page)
