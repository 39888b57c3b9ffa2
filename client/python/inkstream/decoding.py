"""Turns what comes over the wire into frozen values. Pure."""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf.duration_pb2 import Duration

from inkstream.geometry import Box, Point, Polygon
from inkstream.results import (
    Detection,
    DocumentEnd,
    DocumentEvent,
    DocumentStart,
    Failure,
    Frame,
    LineText,
    Page,
    PageTiming,
    TextLine,
    Word,
)
from inkstream.server import Model, ServerInfo, Settings
from inkstream.v1 import models_pb2, ocr_pb2, page_pb2, settings_pb2

_FRAMES: Final = {
    settings_pb2.FRAME_UNWARPED: Frame.UNWARPED,
    settings_pb2.FRAME_READ: Frame.READ,
}
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


def decode_event(
    message: ocr_pb2.RecognizeDocumentResponse | ocr_pb2.RecognizeStreamResponse,
) -> DocumentEvent | None:
    """None for an event that a newer server sends and this client does not know."""
    match message.WhichOneof("event"):
        case "start":
            return _decode_start(message.start)
        case "page":
            return decode_page(message.page)
        case "end":
            return _decode_end(message.end)
        case _:
            return None


def decode_page(message: page_pb2.Page) -> Page:
    return Page(
        page_number=message.page_number,
        width=message.width,
        height=message.height,
        lines=tuple(_decode_text_line(line) for line in message.lines),
        detections=tuple(
            Detection(_decode_polygon(region.polygon), region.score, _decode_angle(region.angle))
            for region in message.detections
        ),
        doc_angle=_decode_angle(message.doc_angle),
        frame=_FRAMES.get(message.frame, Frame.SOURCE),
        settings=_decode_settings(message.settings),
        timing=PageTiming(
            total_s=_seconds(message.timing.total),
            queued_s=_seconds(message.timing.queued),
            mean_batch_size=message.timing.mean_batch_size,
        ),
        visualization=message.visualization,
        input_image=message.input_image,
        preprocessing_visualization=message.preprocessing_visualization,
        error=_decode_failure(message.error) if message.HasField("error") else None,
        message=message,
    )


def decode_line_text(message: page_pb2.LineText) -> LineText:
    return LineText(
        text=message.text,
        score=message.score,
        angle=_decode_angle(message.angle),
        error=_decode_failure(message.error) if message.HasField("error") else None,
    )


def decode_model(message: models_pb2.Model) -> Model:
    return Model(
        name=message.name,
        module=message.module,
        engine=message.engine,
        device=message.device,
        precision=message.precision,
        character_count=message.character_count,
        is_default=message.is_default,
        sha256=message.sha256,
    )


def decode_server_info(message: models_pb2.GetServerInfoResponse) -> ServerInfo:
    return ServerInfo(
        version=message.version,
        defaults=_decode_settings(message.defaults),
        max_message_bytes=message.max_message_bytes,
        max_document_pages=message.max_document_pages,
        max_image_pixels=message.max_image_pixels,
        max_document_bytes=message.max_document_bytes,
        max_lines=message.max_lines,
    )


def _decode_start(message: ocr_pb2.DocumentStart) -> DocumentStart:
    return DocumentStart(
        page_count=message.page_count,
        selected_page_count=message.selected_page_count,
        media_type=message.media_type,
        message=message,
    )


def _decode_end(message: ocr_pb2.DocumentEnd) -> DocumentEnd:
    return DocumentEnd(
        ok_page_count=message.ok_page_count,
        failed_page_count=message.failed_page_count,
        elapsed_s=_seconds(message.elapsed),
        error=_decode_failure(message.error) if message.HasField("error") else None,
        message=message,
    )


def _decode_text_line(message: page_pb2.TextLine) -> TextLine:
    box = message.box
    return TextLine(
        text=message.text,
        score=message.score,
        polygon=_decode_polygon(message.polygon),
        box=Box(box.x_min, box.y_min, box.x_max, box.y_max),
        angle=_decode_angle(message.angle),
        words=tuple(Word(word.text, _decode_polygon(word.polygon)) for word in message.words),
    )


def _decode_settings(message: settings_pb2.EffectiveSettings) -> Settings:
    is_min = message.text_det_limit_type == settings_pb2.LIMIT_TYPE_MIN
    return Settings(
        use_doc_preprocessor=message.use_doc_preprocessor,
        use_doc_orientation_classify=message.use_doc_orientation_classify,
        use_doc_unwarping=message.use_doc_unwarping,
        use_textline_orientation=message.use_textline_orientation,
        text_det_limit_side_len=message.text_det_limit_side_len,
        text_det_limit_type="min" if is_min else "max",
        text_det_thresh=_decimal(message.text_det_thresh),
        text_det_box_thresh=_decimal(message.text_det_box_thresh),
        text_det_unclip_ratio=_decimal(message.text_det_unclip_ratio),
        text_rec_score_thresh=_decimal(message.text_rec_score_thresh),
        text_det_model=message.text_det_model,
        text_rec_model=message.text_rec_model,
    )


def _decode_failure(message: page_pb2.Error) -> Failure:
    return Failure(
        code=_CODES.get(message.code, grpc.StatusCode.UNKNOWN),
        reason=message.reason,
        message=message.message,
    )


def _decode_polygon(message: page_pb2.Polygon) -> Polygon:
    return tuple(Point(point.x, point.y) for point in message.points)


def _decode_angle(degrees: int) -> int | None:
    return None if degrees < 0 else degrees


def _decimal(value: float) -> float:
    """0.3 travels as 32 bits, and would come out as 0.30000001192092896."""
    return round(value, 6)


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1e9
