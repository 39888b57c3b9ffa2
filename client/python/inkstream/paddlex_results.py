"""Writes a page as the result that PaddleX 3.x gives for it, ready for JSON. Pure.

Coordinates are in the page as it was read, as PaddleX has them. Where a value differs from
PaddleX's for the same page, docs/migrating-from-paddlex.md says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from inkstream.geometry import Point, Polygon
from inkstream.results import Frame, Page, TextLine

PaddlexResult: TypeAlias = "dict[str, object]"
"""What PaddleX has under `json["res"]`, its keys in the same order."""

_NOT_RUN: Final = -1
_HALF_TURN: Final = 180
_TEXT_TYPE: Final = "general"
# The long side in pixels above which every page is made smaller before text is detected on it.
_MAX_SIDE_LIMIT: Final = 4000


def paddlex_result(
    page: Page,
    *,
    input_path: str | None = None,
    page_index: int | None = None,
    return_word_box: bool = False,
) -> PaddlexResult:
    """The result of a page that was read; of one that failed there is none.

    Of a page that was unwarped it can only be told where coordinates were asked for in the frame
    "read"; one that was at most turned may be in any.

    `page_index` counts the pages of a PDF or TIFF from 0; it is None for other pictures.
    `input_path` is None for pixels. `return_word_box` is what was asked for.
    """
    turned = _TurnedPage(page)
    return (
        _asked_of(page, input_path, page_index)
        | _detected(page, turned)
        | {
            "text_rec_score_thresh": page.settings.text_rec_score_thresh,
            "return_word_box": return_word_box,
        }
        | _recognised(page, turned)
        | (_words(page, turned) if return_word_box else {})
    )


class _TurnedPage:
    """Takes places on the page as it was sent to where they lie on the page as it was read."""

    def __init__(self, page: Page) -> None:
        self._angle = page.doc_angle if page.frame is Frame.SOURCE else None
        self._width_px = page.width
        self._height_px = page.height

    def polygon(self, polygon: Polygon) -> list[list[int]]:
        return [self._point(point) for point in polygon]

    def _point(self, point: Point) -> list[int]:
        x, y = point
        match self._angle:
            case 90:
                return [y, self._width_px - x]
            case 180:
                return [self._width_px - x, self._height_px - y]
            case 270:
                return [self._height_px - y, x]
            case _:
                return [x, y]


def _asked_of(page: Page, input_path: str | None, page_index: int | None) -> PaddlexResult:
    asked: PaddlexResult = {
        "input_path": input_path,
        "page_index": page_index,
        "model_settings": {
            "use_doc_preprocessor": page.settings.use_doc_preprocessor,
            "use_textline_orientation": page.settings.use_textline_orientation,
        },
    }
    if page.settings.use_doc_preprocessor:
        asked["doc_preprocessor_res"] = _doc_preprocessor_result(page)
    return asked


def _doc_preprocessor_result(page: Page) -> PaddlexResult:
    return {
        "input_path": None,
        "page_index": None,
        "model_settings": {
            "use_doc_orientation_classify": page.settings.use_doc_orientation_classify,
            "use_doc_unwarping": page.settings.use_doc_unwarping,
        },
        "angle": _NOT_RUN if page.doc_angle is None else page.doc_angle,
    }


def _detected(page: Page, turned: _TurnedPage) -> PaddlexResult:
    detected: PaddlexResult = {
        "dt_polys": [turned.polygon(each.polygon) for each in page.detections],
        "text_det_params": _text_det_params(page),
        "text_type": _TEXT_TYPE,
    }
    if page.detections:  # PaddleX leaves the key out of a page without text
        angles = [_class_of(each.angle) for each in page.detections]
        detected["textline_orientation_angles"] = angles
    return detected


def _text_det_params(page: Page) -> PaddlexResult:
    settings = page.settings
    return {
        "limit_side_len": settings.text_det_limit_side_len,
        "limit_type": settings.text_det_limit_type,
        "thresh": settings.text_det_thresh,
        "max_side_limit": _MAX_SIDE_LIMIT,
        "box_thresh": settings.text_det_box_thresh,
        "unclip_ratio": settings.text_det_unclip_ratio,
    }


def _class_of(angle: int | None) -> int:
    """PaddleX tells a line's class, not its angle: 1 is upside down."""
    return _NOT_RUN if angle is None else angle // _HALF_TURN


def _recognised(page: Page, turned: _TurnedPage) -> PaddlexResult:
    polygons = [turned.polygon(_from_the_pages_top_left(line)) for line in page.lines]
    return {
        "rec_texts": [line.text for line in page.lines],
        "rec_scores": [line.score for line in page.lines],
        "rec_polys": polygons,
        "rec_boxes": [_box(polygon) for polygon in polygons],
    }


def _from_the_pages_top_left(line: TextLine) -> Polygon:
    """PaddleX begins there also where the text is upside down."""
    half_way = len(line.polygon) // 2 if line.angle == _HALF_TURN else 0
    return line.polygon[half_way:] + line.polygon[:half_way]


def _words(page: Page, turned: _TurnedPage) -> PaddlexResult:
    return {
        "text_word_boxes": [
            [_box(turned.polygon(word.polygon)) for word in line.words] for line in page.lines
        ],
        "text_word": [[word.text for word in line.words] for line in page.lines],
    }


def _box(polygon: Iterable[list[int]]) -> list[int]:
    columns, rows = zip(*polygon, strict=True)
    return [min(columns), min(rows), max(columns), max(rows)]
