"""Turns results into response messages."""

from __future__ import annotations

from typing import Final

from inkstream.v1 import models_pb2, ocr_pb2, page_pb2, settings_pb2
from inkstream_server.errors import OcrError
from inkstream_server.front import status
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.results import (
    DocumentEnd,
    DocumentEvent,
    DocumentStart,
    FailedPage,
    Page,
    ReadLine,
    TextLine,
)
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.stages.detection import LimitType
from inkstream_server.stages.regions import Polygon, Region
from inkstream_server.workers.model_tasks import LoadedModel

_LIMIT_TYPES: Final = {
    LimitType.MIN: settings_pb2.LIMIT_TYPE_MIN,
    LimitType.MAX: settings_pb2.LIMIT_TYPE_MAX,
}
_FRAMES: Final = {
    Frame.SOURCE: settings_pb2.FRAME_SOURCE,
    Frame.READ: settings_pb2.FRAME_READ,
}


def document_event(event: DocumentEvent, request_id: str) -> ocr_pb2.RecognizeDocumentResponse:
    match event:
        case DocumentStart():
            start = ocr_pb2.DocumentStart(
                page_count=event.page_count,
                selected_page_count=event.selected_page_count,
                media_type=event.media_type,
            )
            return ocr_pb2.RecognizeDocumentResponse(start=start)
        case Page():
            return ocr_pb2.RecognizeDocumentResponse(page=page(event))
        case FailedPage():
            return ocr_pb2.RecognizeDocumentResponse(page=failed_page(event, request_id))
        case DocumentEnd():
            end = ocr_pb2.DocumentEnd(
                ok_page_count=event.ok_page_count,
                failed_page_count=event.failed_page_count,
                elapsed=status.duration(event.elapsed_s),
            )
            if event.error is not None:
                end.error.CopyFrom(status.page_error(event.error, request_id))
            return ocr_pb2.RecognizeDocumentResponse(end=end)


def stream_event(
    document_id: str, event: DocumentEvent, request_id: str
) -> ocr_pb2.RecognizeStreamResponse:
    told = document_event(event, request_id)
    match told.WhichOneof("event"):
        case "start":
            return ocr_pb2.RecognizeStreamResponse(document_id=document_id, start=told.start)
        case "page":
            return ocr_pb2.RecognizeStreamResponse(document_id=document_id, page=told.page)
        case _:
            return ocr_pb2.RecognizeStreamResponse(document_id=document_id, end=told.end)


def line_text(result: ReadLine | OcrError, request_id: str) -> page_pb2.LineText:
    if isinstance(result, OcrError):
        return page_pb2.LineText(error=status.page_error(result, request_id))
    return page_pb2.LineText(text=result.text, score=result.score, angle=result.angle)


def page(result: Page) -> page_pb2.Page:
    return page_pb2.Page(
        page_number=result.page_number,
        width=result.width_px,
        height=result.height_px,
        lines=[_line(line) for line in result.lines],
        detections=[
            _detection(region, angle)
            for region, angle in zip(result.regions, result.region_angles, strict=True)
        ],
        doc_angle=result.angle,
        frame=_FRAMES[result.frame],
        settings=settings(result.settings),
        timing=page_pb2.PageTiming(
            total=status.duration(result.timing.total_s),
            queued=status.duration(result.timing.queued_s),
            mean_batch_size=result.timing.mean_batch_size,
        ),
        visualization=result.images.result,
        input_image=result.images.source,
        preprocessing_visualization=result.images.steps,
    )


def failed_page(result: FailedPage, request_id: str) -> page_pb2.Page:
    return page_pb2.Page(
        page_number=result.page_number, error=status.page_error(result.error, request_id)
    )


def settings(values: PageSettings) -> settings_pb2.EffectiveSettings:
    return settings_pb2.EffectiveSettings(
        use_doc_preprocessor=values.use_doc_orientation_classify or values.use_doc_unwarping,
        use_doc_orientation_classify=values.use_doc_orientation_classify,
        use_doc_unwarping=values.use_doc_unwarping,
        use_textline_orientation=values.use_textline_orientation,
        text_det_limit_side_len=values.detection.limit_side_len,
        text_det_limit_type=_LIMIT_TYPES[values.detection.limit_type],
        text_det_thresh=values.detection.thresh,
        text_det_box_thresh=values.detection.box_thresh,
        text_det_unclip_ratio=values.detection.unclip_ratio,
        text_rec_score_thresh=values.text_rec_score_thresh,
        text_det_model=values.text_det_model,
        text_rec_model=values.text_rec_model,
    )


def model(loaded: LoadedModel, *, is_default: bool) -> models_pb2.Model:
    return models_pb2.Model(
        name=loaded.name,
        module=loaded.module.value,
        engine=loaded.engine,
        device=loaded.device,
        precision=loaded.precision,
        character_count=loaded.character_count,
        is_default=is_default,
        sha256=loaded.sha256,
    )


def _line(line: TextLine) -> page_pb2.TextLine:
    columns = [x for x, _ in line.polygon]
    rows = [y for _, y in line.polygon]
    return page_pb2.TextLine(
        text=line.text,
        score=line.score,
        polygon=_polygon(line.polygon),
        box=page_pb2.Box(x_min=min(columns), y_min=min(rows), x_max=max(columns), y_max=max(rows)),
        angle=line.angle,
        words=[
            page_pb2.Word(text=each.text, polygon=_polygon(each.polygon)) for each in line.words
        ],
    )


def _detection(region: Region, angle: int) -> page_pb2.Detection:
    return page_pb2.Detection(polygon=_polygon(region.polygon), score=region.score, angle=angle)


def _polygon(polygon: Polygon) -> page_pb2.Polygon:
    return page_pb2.Polygon(points=[page_pb2.Point(x=x, y=y) for x, y in polygon])
